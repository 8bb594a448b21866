"""What opens cases on the fraud desk: verdicts on behaviour, a token that came with several people, free sales, plays
that were refused.

The subject of a case is whom it would have earned: the maker of the share, else of the moment, or whose code it was.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import ColumnElement, and_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.events.signals import PlaysRefused
from groundswell.events.tables import JudgedEvent, Reverdict
from groundswell.events.traffic.verdicts import Verdict, doubted
from groundswell.platform.signals import on
from groundswell.trust.cases import CaseEvidence, suspect, with_fact
from groundswell.trust.signals import CaseJudged

from .invalid_traffic import OWN_ACCOUNT, OWN_BROWSER, OWN_BROWSER_WITHIN, is_habit
from .models import DEFAULT_MODEL, MODELS_VERSION
from .reverdicts import note
from .shared_places import FREE_SALES, unusually_free
from .signals import Credited, Rejudged, RejudgedTogether, TokenShared
from .tables import Conversion, Credit, Touch

BEHAVIOUR = "behaviour-"
BY_STAFF = "behaviour-case-"
"""Rules of staff's verdicts: like behaviour's, no later look at the request alone undoes them."""

TOKEN_FRIENDS = 2
"""As many who sign up with the token of another's visit are more than a friend whom a link was passed on to."""

VISIT = "visit"
"""Where the facts of a sign-up keep whose token it came with."""

A_DAY = timedelta(days=1)
SOLD = ("subscription", "renewal")
BY_DEFAULT = {"model": DEFAULT_MODEL, "version": MODELS_VERSION}

SEEN = text("""
SELECT e.id, e.kind, e.visitor, coalesce(e.viewer_id, t.viewer_id) AS viewer, e.share_id, e.moment_id, e.channel,
    e.territory, e.inputs ->> 'household' AS household, e.inputs ->> 'network' AS network, e.inputs ->> 'ua' AS device,
    coalesce(s.viewer_id, m.viewer_id) AS subject
FROM unnest(CAST(:instants AS timestamptz[]), CAST(:ids AS uuid[])) AS asked (at, id)
JOIN judged_events e ON e.at = asked.at AND e.id = asked.id
JOIN published_moments m ON m.id = e.moment_id
LEFT JOIN published_shares s ON s.id = e.share_id AND (e.kind <> 'share' OR s.viewer_id IS NULL)
LEFT JOIN touches t ON t.event_id = e.id
WHERE e.at BETWEEN :first AND :last
""")

SALES = text("""
WITH theirs AS (
    SELECT DISTINCT conversion_id FROM credits
    WHERE sharer_id = :sharer AND at > :since AND at <= :at AND kind IN ('subscription', 'renewal')
        AND model = :model AND model_version = :version
),
lately AS (
    SELECT id, coalesce(amount_minor, 0) = 0 AS free FROM conversions
    WHERE kind IN ('subscription', 'renewal') AND at > :since AND at <= :at
    ORDER BY at DESC, id DESC LIMIT 2000
)
SELECT (SELECT count(*) FROM theirs) AS sold, count(*) AS sold_elsewhere, count(*) FILTER (WHERE free) AS free_elsewhere
FROM lately WHERE id NOT IN (SELECT conversion_id FROM theirs)
""")
"""How many sales of a day a sharer is credited with, and of the newest others, how many there are and cost nothing."""


MAKER = text("""
SELECT coalesce(s.viewer_id, m.viewer_id) FROM published_moments m
LEFT JOIN published_shares s ON s.id = CAST(:share AS uuid) AND s.moment_id = m.id WHERE m.id = :moment
""")


async def seen(
    session: AsyncSession, visits: Sequence[tuple[datetime, UUID]]
) -> dict[UUID, tuple[UUID | None, dict[str, Any]]]:
    """Of each visit whom it would have earned, and what is known of it."""
    if not visits:
        return {}
    instants = [at for at, _ in visits]
    asked = {"instants": instants, "ids": [id for _, id in visits], "first": min(instants), "last": max(instants)}
    return {
        row["id"]: (
            row["subject"],
            {name: str(value) for name, value in row.items() if value is not None and name not in ("id", "subject")},
        )
        for row in (await session.execute(SEEN, asked)).mappings()
    }


@on(RejudgedTogether)
async def behaviour_showed(session: AsyncSession, together: RejudgedTogether) -> None:
    """What behaviour showed is a case of its sharer's. That they looked at what is their own, signed in, counts for
    nothing and is none: everybody does; nor is what few others did in their browser."""
    shown = [each for each in together.events if _opens_a_case(each)]
    shown += await _in_own_browsers(session, shown)
    known = await seen(session, [(each.at, each.event_id) for each in shown])
    found: defaultdict[tuple[str, UUID], list[CaseEvidence]] = defaultdict(list)
    for each in shown:
        subject, facts = known.get(each.event_id, (None, {}))
        if subject is not None:
            evidence = CaseEvidence(each.event_id, "event", each.at, each.reason, facts)
            found[each.reason.partition(":")[0], subject].append(evidence)
    for (rule, subject), evidences in sorted(found.items()):
        clicks = (each.at for each in evidences if each.facts["kind"] == "click")
        if rule != OWN_ACCOUNT or is_habit(clicks):
            await suspect(session, rule, subject, evidences)


def _opens_a_case(rejudged: Rejudged) -> bool:
    found_by_rule = rejudged.rule.startswith(BEHAVIOUR) and not rejudged.rule.startswith(BY_STAFF)
    return rejudged.kind != "human" and found_by_rule and rejudged.reason != OWN_ACCOUNT


async def _in_own_browsers(session: AsyncSession, shown: Sequence[Rejudged]) -> list[Rejudged]:
    """What else was done in sharers' own browsers about that time, as it is judged now."""
    new = [each for each in shown if each.reason == OWN_BROWSER]
    if not new:
        return []
    begin, end = min(each.at for each in new), max(each.at for each in new)
    query = select(JudgedEvent).join(
        Reverdict, and_(Reverdict.at == JudgedEvent.at, Reverdict.event_id == JudgedEvent.id)
    )
    query = query.where(Reverdict.at.between(begin - OWN_BROWSER_WITHIN, end + OWN_BROWSER_WITHIN))
    query = query.where(Reverdict.reason == OWN_BROWSER, JudgedEvent.verdict_reason == OWN_BROWSER)
    known = {each.event_id for each in new}
    return [
        Rejudged(each.id, each.at, each.verdict or "", OWN_BROWSER, each.verdict_rule or "")
        for each in await session.scalars(query)
        if each.id not in known
    ]


@on(TokenShared)
async def token_shared(session: AsyncSession, shared: TokenShared) -> None:
    """A visit's token that comes with others than its first is a case of its sharer's, and so is who signs up with it:
    whether they are new here is decided with it. That a friend came by a link that was passed on says nothing of the
    first; where ``TOKEN_FRIENDS`` did, the first is in doubt as they are."""
    event_id, at, viewer_id, when = shared.event_id, shared.at, shared.viewer_id, shared.when
    subject, facts = (await seen(session, [(at, event_id)])).get(event_id, (None, {}))
    if subject is None:
        return
    reason = "its token came with somebody else"
    visit = CaseEvidence(event_id, "event", at, "the first whose visit it was", facts)
    again = CaseEvidence(uuid5(event_id, str(viewer_id)), "conversion", when, reason, {"viewer": str(viewer_id)})
    if shared.sign_up is not None:
        again = _sign_up(shared.sign_up, when, reason, viewer_id, event_id)
    case = await suspect(session, "token_sharing", subject, [visit, again])
    if await with_fact(session, case, VISIT, str(event_id)) >= TOKEN_FRIENDS:
        first = select(Conversion).join(Touch, Touch.viewer_id == Conversion.viewer_id)
        first = first.where(Touch.event_id == event_id, Conversion.kind == "sign_up", Conversion.at >= at)
        for each in await session.scalars(first):
            found = _sign_up(each.id, each.at, "its token came with many others", each.viewer_id)
            await suspect(session, "token_sharing", subject, [found])
            await note(session, {(each.at, each.id): doubted("token_sharing")})


@on(Credited)
async def cost_nothing(session: AsyncSession, credited: Credited) -> None:
    """Several sales of nothing in a day, credited to one sharer, are a case of theirs. So are the sign-ups that they
    are credited with on that day: accounts made for such sales are made together, each sold something or not."""
    sale = credited.conversion
    if sale.kind not in SOLD or sale.amount_minor:
        return
    shared = [each for each in credited.credits if (each.model, each.model_version) == (DEFAULT_MODEL, MODELS_VERSION)]
    for sharer in sorted({each.sharer_id for each in shared if each.sharer_id}):
        free = await _that_day(session, sharer, sale.at, Credit.amount_minor == 0, Credit.kind.in_(SOLD))
        number = len({credit.conversion_id for credit, _ in free})
        if number < FREE_SALES:
            continue
        given = {"sharer": sharer, "since": sale.at - A_DAY, "at": sale.at, **BY_DEFAULT}
        known = (await session.execute(SALES, given)).one()
        if unusually_free(number, known.sold, known.free_elsewhere, known.sold_elsewhere):
            joined = await _that_day(session, sharer, sale.at, Credit.kind == "sign_up")
            await suspect(session, "free_sales", sharer, [each for row in (*free, *joined) for each in _found(*row)])
            await note(session, {(each.at, each.conversion_id): doubted("free_sales") for each, _ in joined})


async def _that_day(
    session: AsyncSession, sharer: UUID, at: datetime, *narrowed: ColumnElement[bool]
) -> list[tuple[Credit, Touch]]:
    """What the sharer is credited with on the day before ``at``."""
    query = select(Credit, Touch).join(Touch, Touch.id == Credit.touch_id)
    query = query.where(Credit.sharer_id == sharer, Credit.at > at - A_DAY, Credit.at <= at, *narrowed)
    query = query.where(Credit.model == DEFAULT_MODEL, Credit.model_version == MODELS_VERSION)
    return [(credit, touch) for credit, touch in await session.execute(query.limit(1_000))]


def _found(credit: Credit, touch: Touch) -> list[CaseEvidence]:
    """A sale of nothing or a sign-up, and the visit that led to it."""
    facts = {"viewer": str(touch.viewer_id), "channel": credit.channel}
    if credit.kind == "sign_up":
        own, led_to = _sign_up(credit.conversion_id, credit.at, "on a day of such sales", touch.viewer_id), "a sign-up"
    else:
        own = CaseEvidence(credit.conversion_id, "conversion", credit.at, "it cost nothing", facts)
        led_to = "a sale that cost nothing"
    if touch.matched_by == "code":
        return [own]
    return [own, CaseEvidence(touch.event_id, "event", touch.at, f"it led to {led_to}", facts)]


def _sign_up(id: UUID, at: datetime, reason: str, viewer_id: UUID, by_visit: UUID | None = None) -> CaseEvidence:
    """A sign-up that is decided with the case: its event's id is its own. ``by_visit``: with whose token it came."""
    facts = {"kind": "sign_up", "viewer": str(viewer_id)} | ({} if by_visit is None else {VISIT: str(by_visit)})
    return CaseEvidence(id, "event", at, reason, facts)


@on(PlaysRefused)
async def plays_refused(session: AsyncSession, refused: PlaysRefused) -> None:
    """Many plays that were refused are a case of whom they would have earned. Anybody can send them, so that they say
    nothing of the maker; whoever decides sees that somebody tried, and when."""
    given = {"moment": refused.moment_id, "share": refused.share_id}
    subject = await session.scalar(MAKER, given)
    if subject is not None:
        found = CaseEvidence(
            uuid5(refused.moment_id, refused.at.isoformat()),
            "refusal",
            refused.at,
            f"{refused.code}: {refused.count} within the hour",
            {"kind": "refused plays", **{name: str(id) for name, id in given.items() if id is not None}},
        )
        await suspect(session, "refused_plays", subject, [found])


@on(CaseJudged)
async def verdicts_of_staff(session: AsyncSession, judged: CaseJudged) -> None:
    """Write what staff decided about a case's visits, as later verdicts on them."""
    rule = f"{BY_STAFF}{judged.step_id}"
    verdict = Verdict("human", "decided_by_staff", rule) if judged.human else Verdict("robot", judged.rule, rule)
    await note(session, dict.fromkeys(judged.events, verdict))
