"""Judging visits again: by a newer rule, and by what only shows when many are seen together.

A new verdict is a new row (``events.tables.Reverdict``); the visit and its first verdict stay as they were. Only what
changes is written. Visits that turn out not to be people's earn no credit from then on (``eligibility.eligible``), and
the credit that they had been given stands no longer: it is left out of the view ``judged_credits``, in the lake (where
the verdict is written down for each credit too), and rooms above hear ``Rejudged`` and take back what was paid for it.

However many verdicts change, no transaction writes more than ``AT_ONCE``: one that does holds up all that reads the log
in the order of commits. Interrupted between two, it is finished by the next call.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, not_, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.events.tables import JudgedEvent, LoggedEvent, Reverdict
from groundswell.events.traffic.carriers import CarrierHashes, carrier_hashes
from groundswell.events.traffic.client import fetches_for
from groundswell.events.traffic.verdicts import BEYOND_THE_REQUEST, RULE, Verdict, code_of, judge, traffic
from groundswell.platform import signals
from groundswell.platform.database import Database, among
from groundswell.platform.ids import uuid7

from .credits import verdicts_follow
from .invalid_traffic import suspected
from .seen_visit import SeenVisit
from .signals import Rejudged, RejudgedTogether
from .tables import Touch

VISITS = ("click", "continue", "view", "unfurl", "play", "share", "react")
BEHAVIOUR_RULE = "behaviour-1"
AT_ONCE = 5_000

TOGETHER = """
SELECT e.id, e.at, e.visitor, coalesce(e.viewer_id, t.viewer_id), coalesce(s.viewer_id, m.viewer_id),
    CAST(extract(epoch FROM (
        SELECT min(c.at) FROM conversions c
        WHERE c.viewer_id = t.viewer_id AND c.kind IN ('sign_up', 'subscription')
            AND c.at >= e.at AND c.at < e.at + interval '24 hours'
    ) - e.at) AS double precision),
    e.kind, e.moment_id, e.inputs ->> 'household', e.inputs ->> 'network', e.inputs ->> 'ua'
FROM judged_events e
JOIN published_moments m ON m.id = e.moment_id
LEFT JOIN published_shares s ON s.id = e.share_id AND (e.kind <> 'share' OR s.viewer_id IS NULL)
LEFT JOIN touches t ON t.event_id = e.id
WHERE e.kind IN ('click', 'continue', 'view', 'play', 'share', 'react') AND e.logged_verdict = 'human'
    AND e.at >= :since AND e.at < :until
ORDER BY e.at, e.id
"""


Current = tuple[LoggedEvent, str | None]
"""A visit and its current verdict."""
Place = tuple[datetime, UUID]


async def rejudge(database: Database, since: datetime, until: datetime, carrier_networks: Sequence[str] = ()) -> int:
    """Judge the visits of a span anew; returns how many verdicts changed. Doing it again changes nothing more."""
    changed, after = 0, (since, UUID(int=0))
    while True:
        async with database.transaction() as session:
            events = await _judged_by_another_rule(session, after, until)
            changed += await note(session, _differing(events))
        if not events:
            return changed + await _rejudge_together(database, since, until, carrier_networks)
        after = (events[-1][0].at, events[-1][0].id)


def _differing(events: Sequence[Current]) -> dict[Place, Verdict]:
    verdicts = {(event.at, event.id): (_again(event), current) for event, current in events}
    return {key: verdict for key, (verdict, current) in verdicts.items() if verdict.kind != current}


async def _rejudge_together(
    database: Database, since: datetime, until: datetime, carrier_networks: Sequence[str]
) -> int:
    async with database.snapshot() as session:
        carriers = await carrier_hashes(session, carrier_networks, since)
        rows = await session.execute(text(TOGETHER), {"since": since, "until": until})
        visits = [_placed(SeenVisit(*row), carriers) for row in rows]
    at = {visit.event_id: visit.at for visit in visits}
    found = sorted((at[id], id, reason) for id, reason in suspected(visits).items())
    changed = 0
    for n in range(0, len(found), AT_ONCE):
        async with database.transaction() as session:
            verdicts = {(at, id): Verdict("robot", reason, BEHAVIOUR_RULE) for at, id, reason in found[n : n + AT_ONCE]}
            changed += await note(session, verdicts)
    return changed


def _placed(visit: SeenVisit, carriers: CarrierHashes) -> SeenVisit:
    if not carriers.is_known(visit.at):
        return replace(visit, household=None, network=None)
    return replace(visit, carrier=True) if carriers.has(visit.network) else visit


async def _judged_by_another_rule(session: AsyncSession, after: Place, until: datetime) -> list[Current]:
    """The next visits and their current verdicts. What behaviour showed, no look at the request alone undoes."""
    by_behaviour = JudgedEvent.verdict_rule.startswith("behaviour-")
    query = (
        select(LoggedEvent, JudgedEvent.verdict)
        .join(JudgedEvent, and_(JudgedEvent.at == LoggedEvent.at, JudgedEvent.id == LoggedEvent.id))
        .where(LoggedEvent.kind.in_(VISITS), LoggedEvent.at >= after[0], LoggedEvent.at < until)
        .where(JudgedEvent.verdict_rule != RULE, not_(by_behaviour))
        .where(tuple_(LoggedEvent.at, LoggedEvent.id) > after)
        .order_by(LoggedEvent.at, LoggedEvent.id)
        .limit(AT_ONCE)
    )
    return [(event, current) for event, current in await session.execute(query)]


def _again(event: LoggedEvent) -> Verdict:
    """The verdict by the present rule on what was kept of the request; as it was, where nothing was kept."""
    inputs: Mapping[str, Any] = event.inputs or {}
    if "ua" not in inputs:
        return Verdict(event.verdict or "human", event.verdict_reason or "", event.verdict_rule or "")
    known = judge(inputs["ua"], inputs, fetches_for(inputs["ua"]))
    if known.kind == "human" and code_of(event.verdict_reason) in BEYOND_THE_REQUEST:
        return Verdict(event.verdict or "robot", event.verdict_reason or "")
    return known


async def note(session: AsyncSession, verdicts: Mapping[tuple[datetime, UUID], Verdict]) -> int:
    noted = 0
    for rows in _chunks(verdicts):
        new = insert(Reverdict).on_conflict_do_nothing().returning(Reverdict.at, Reverdict.event_id)
        written = [(at, id) for at, id in await session.execute(new, rows)]
        noted += len(written)
        await _follow(session, {key: verdicts[key] for key in written})
    return noted


async def _follow(session: AsyncSession, verdicts: Mapping[tuple[datetime, UUID], Verdict]) -> None:
    """Have the verdicts reach the credit that the visits were given, and tell the rooms above."""
    if not verdicts:
        return
    theirs = select(Touch.id).where(among(Touch.event_id, [id for _, id in verdicts]))
    await verdicts_follow(session, (await session.scalars(theirs)).all())
    rejudged = [Rejudged(id, at, each.kind, each.reason, each.rule) for (at, id), each in verdicts.items()]
    for one in rejudged:
        await signals.send(session, one)
    await signals.send(session, RejudgedTogether(rejudged))


def _chunks(verdicts: Mapping[tuple[datetime, UUID], Verdict]) -> Iterable[list[dict[str, Any]]]:
    rows = [
        {
            "id": uuid7(),
            "event_id": id,
            "at": at,
            "kind": verdict.kind,
            "reason": verdict.reason,
            "rule": verdict.rule,
            "traffic": traffic(verdict.kind, verdict.reason),
        }
        for (at, id), verdict in sorted(verdicts.items(), key=lambda item: item[0])
    ]
    return (rows[n : n + AT_ONCE] for n in range(0, len(rows), AT_ONCE))
