"""Whom to partner with: who brings most by what they share, and whom others do not reach.

Everybody who shared in a period is looked at, creators and those who are none yet. The rule of the rates is
``partner_rates``, that of reach ``coverage``; here is what is counted for them, in one pass each, and for the first
``POOL`` only where it costs by the visit. Children's profiles, erased people and those who are taken down are left out.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Float,
    Select,
    Subquery,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from groundswell.accounts.tables import Viewer
from groundswell.attribution.models import DEFAULT_MODEL, MODELS_VERSION, PPM
from groundswell.attribution.tables import Conversion, JudgedCredit
from groundswell.catalog.made import titles_alike
from groundswell.creators.tables import Creator
from groundswell.events.tables import JudgedEvent
from groundswell.platform.database import among
from groundswell.shares.tables import Share
from groundswell.trust.tables import Decision

from .coverage import Added, greedy_coverage
from .partner_rates import INTERVAL, ExpectedRate, RatePrior, RateSums, expected_rate, rate_prior
from .providers import earned_so_far

POOL = 100
"""So many are looked at closely: those whose rate is surely highest."""
PEOPLE_MAX = 200_000
"""So many visits are held in memory; where there are more, one person in so many stands for all."""
BEYOND = 1.645
"""Standard deviations below which a twentieth lies, for choosing whom to look at."""
MOST_PLACES = 3


@dataclass(frozen=True)
class ShortlistQuery:
    """What the shortlist is reckoned over: a period, and what it is narrowed to.

    ``channel`` is where things were shared; ``territory`` where those who came were, and of subscriptions their
    viewer's. ``titles`` narrow nothing: how much of what somebody brings goes to the like of them is their fit.
    """

    begin: datetime
    end: datetime
    channel: str | None = None
    territory: str | None = None
    titles: Collection[UUID] = field(default=())

    @property
    def middle(self) -> datetime:
        """When its later half begins."""
        return self.begin + (self.end - self.begin) / 2


@dataclass(frozen=True)
class Partner:
    """Somebody, and what is known of them; ``creator`` is None where they are none (yet).

    ``expected`` is paid subscriptions per share; ``subscriptions`` what their shares of the period brought, in parts.
    ``clicks`` and ``robots`` are visits by current verdicts. ``people`` came by their links, ``added`` of these by
    nobody's before them. ``fitting`` of the clicks went to titles like those asked for (None: none were asked for).
    """

    viewer_id: UUID
    name: str
    creator: Creator | None
    shares: int
    subscriptions: float
    expected: ExpectedRate
    clicks: int
    robots: int
    people: int
    added: Added
    earlier: int
    later: int
    fitting: int | None
    channels: list[str]
    territories: list[str]
    earned: Mapping[str, int]

    @property
    def quality(self) -> float | None:
        """The part of visits that were people's; None where nobody came."""
        return self.clicks / (self.clicks + self.robots) if self.clicks + self.robots else None

    @property
    def growth(self) -> float | None:
        """People of the later half over those of the earlier; None where nobody came in the earlier."""
        return self.later / self.earlier if self.earlier else None

    @property
    def fit(self) -> float | None:
        """The part of the clicks that went to the like of the titles asked for."""
        return self.fitting / self.clicks if self.fitting is not None and self.clicks else None


@dataclass
class Visits:
    """What came by somebody's links: visits by verdict, those that fit, and where they came from."""

    clicks: int = 0
    robots: int = 0
    fitting: int = 0
    channels: Counter[str] = field(default_factory=Counter)
    territories: Counter[str] = field(default_factory=Counter)


@dataclass
class PeopleReached:
    """Who came by somebody's links in either half of the period, as far as people can be told apart."""

    earlier: set[str] = field(default_factory=set)
    later: set[str] = field(default_factory=set)


async def shortlist(session: AsyncSession, asked: ShortlistQuery) -> list[Partner]:
    """Those who are surely worth most, first: by the lower end of what is expected, then by what they add."""
    each = _each(asked)
    prior = await _prior(session, each)
    rows = (await session.execute(_surest(each, prior))).all()
    ids = [row.viewer_id for row in rows]
    visits = await _visits(session, asked, ids)
    every = 1 + sum(one.clicks for one in visits.values()) // PEOPLE_MAX
    reach = await _reach(session, asked, ids, every)
    added = greedy_coverage({id: reach[id].earlier | reach[id].later for id in ids})
    creators = {
        row.viewer_id: row for row in await session.scalars(select(Creator).where(among(Creator.viewer_id, ids)))
    }
    earned = await earned_so_far(session, [creator.id for creator in creators.values()])
    found = []
    for viewer_id, name, shares, subscriptions in rows:
        came, people, creator = visits[viewer_id], reach[viewer_id], creators.get(viewer_id)
        found.append(
            Partner(
                viewer_id=viewer_id,
                name=name,
                creator=creator,
                shares=shares,
                subscriptions=subscriptions,
                expected=expected_rate(prior, shares, subscriptions),
                clicks=came.clicks,
                robots=came.robots,
                people=len(people.earlier | people.later) * every,
                added=Added(added[viewer_id].place, added[viewer_id].people * every),
                earlier=len(people.earlier) * every,
                later=len(people.later) * every,
                fitting=came.fitting if asked.titles else None,
                channels=_most(came.channels),
                territories=_most(came.territories),
                earned=earned.get(creator.id, {}) if creator else {},
            )
        )
    return sorted(found, key=lambda one: (-one.expected.low, one.added.place))


def _most(counted: Counter[str]) -> list[str]:
    return [name for name, _ in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_PLACES]]


def shared(asked: ShortlistQuery) -> list[ColumnElement[bool]]:
    """What makes a share one of those that the rates are about."""
    found = [Share.created_at >= asked.begin, Share.created_at < asked.end, Share.viewer_id.is_not(None)]
    return [*found, Share.channel == asked.channel] if asked.channel else found


def paid_credits(asked: ShortlistQuery) -> Select[UUID | None, UUID, int]:
    """A query (share, conversion, part in millionths) for what shares of the period brought within it: first paid
    subscriptions of others than who shared, but those that were given back whole."""
    refund = aliased(Conversion)
    back = func.sum(func.coalesce(refund.amount_minor, Conversion.amount_minor))
    returned = select(refund.original_id).where(refund.original_id == Conversion.id, refund.kind == "refund")
    returned = returned.group_by(refund.original_id).having(back >= func.coalesce(Conversion.amount_minor, 0))
    query = select(JudgedCredit.share_id, JudgedCredit.conversion_id, JudgedCredit.weight_ppm)
    query = query.join(Share, Share.id == JudgedCredit.share_id).join(
        Conversion, Conversion.id == JudgedCredit.conversion_id
    )
    query = query.where(*shared(asked), JudgedCredit.at >= asked.begin, JudgedCredit.at < asked.end)
    query = query.where(JudgedCredit.model == DEFAULT_MODEL, JudgedCredit.model_version == MODELS_VERSION)
    query = query.where(JudgedCredit.kind == "subscription", JudgedCredit.weight_ppm > 0)
    query = query.where(func.coalesce(Conversion.amount_minor, 1) > 0, Conversion.viewer_id != Share.viewer_id)
    query = query.where(~returned.exists())
    if asked.territory:
        there = select(Viewer.id).where(Viewer.id == Conversion.viewer_id, Viewer.territory == asked.territory)
        query = query.where(there.exists())
    return query


def _each(asked: ShortlistQuery) -> Subquery:
    """Viewer, name, shares and subscriptions of everybody who shared in the period."""
    hidden = select(Decision.id).where(
        Decision.subject_kind == "viewer",
        Decision.subject_id == Viewer.id,
        Decision.action == "hide",
        Decision.lifted_at.is_(None),
    )
    worked = select(Share.viewer_id, func.count().label("shares")).where(*shared(asked)).group_by(Share.viewer_id)
    work = worked.subquery("work")
    paid = paid_credits(asked).subquery("paid")
    brought = select(Share.viewer_id, (func.sum(paid.c.weight_ppm) / cast(PPM, Float)).label("subscriptions"))
    brought = brought.join(paid, paid.c.share_id == Share.id).group_by(Share.viewer_id)
    sales = brought.subquery("sales")
    query = select(
        Viewer.id.label("viewer_id"),
        Viewer.name,
        work.c.shares,
        func.coalesce(sales.c.subscriptions, 0.0).label("subscriptions"),
    )
    query = query.join(work, work.c.viewer_id == Viewer.id).outerjoin(sales, sales.c.viewer_id == Viewer.id)
    return query.where(~Viewer.kids, Viewer.name != "", ~hidden.exists()).subquery("each")


async def _prior(session: AsyncSession, each: Subquery) -> RatePrior:
    n, y = cast(each.c.shares, Float), cast(each.c.subscriptions, Float)
    sums = func.coalesce(func.sum(n), 0.0), func.coalesce(func.sum(y), 0.0), func.coalesce(func.sum(y * y / n), 0.0)
    return rate_prior(RateSums(*(await session.execute(select(func.count(), *sums).select_from(each))).one()))


def _surest(each: Subquery, prior: RatePrior) -> Select[Any]:
    """Those whose rate lies highest, less what it may be out by (the Gamma distribution taken for a normal one)."""
    shape = cast(each.c.subscriptions, Float) + prior.alpha
    low = (shape - BEYOND * func.sqrt(shape)) / (each.c.shares + prior.beta)
    return select(each).order_by(low.desc(), each.c.shares.desc(), each.c.viewer_id).limit(POOL)


def _clicks(asked: ShortlistQuery, ids: Sequence[UUID], *columns: Any) -> Select[Any]:
    """Visits of the period by links of those people."""
    of_share = and_(Share.moment_id == JudgedEvent.moment_id, Share.id == JudgedEvent.share_id)
    query = select(Share.viewer_id, *columns).join(Share, of_share).where(among(Share.viewer_id, ids))
    query = query.where(JudgedEvent.kind == "click", JudgedEvent.at >= asked.begin, JudgedEvent.at < asked.end)
    if asked.channel:
        query = query.where(JudgedEvent.channel == asked.channel)
    return query.where(JudgedEvent.territory == asked.territory) if asked.territory else query


async def _visits(session: AsyncSession, asked: ShortlistQuery, ids: Sequence[UUID]) -> dict[UUID, Visits]:
    alike = JudgedEvent.title_id.in_(titles_alike(asked.titles)) if asked.titles else false()
    columns = JudgedEvent.verdict, JudgedEvent.channel, JudgedEvent.territory, case((alike, 1), else_=0)
    query = _clicks(asked, ids, *columns, func.count()).group_by(Share.viewer_id, *columns)
    found = {id: Visits() for id in ids}
    for viewer_id, verdict, channel, territory, fits, count in await session.execute(query):
        visits = found[viewer_id]
        if verdict == "human":
            visits.clicks += count
            visits.fitting += count * fits
            visits.channels[channel or ""] += count
            visits.territories[territory or ""] += count
        elif verdict == "robot":
            visits.robots += count
    for visits in found.values():
        del visits.channels[""], visits.territories[""]
    return found


async def _reach(
    session: AsyncSession, asked: ShortlistQuery, ids: Sequence[UUID], every: int
) -> dict[UUID, PeopleReached]:
    """Who came, one person in ``every``: a viewer, or a visitor of a day. Nobody reaches themselves."""
    who = func.coalesce(cast(JudgedEvent.viewer_id, Text), JudgedEvent.visitor, cast(JudgedEvent.id, Text))
    columns = who.label("who"), (JudgedEvent.at >= asked.middle).label("later")
    query = _clicks(asked, ids, *columns).where(JudgedEvent.verdict == "human")
    query = query.where(or_(JudgedEvent.viewer_id.is_(None), JudgedEvent.viewer_id != Share.viewer_id))
    if every > 1:
        query = query.where(func.abs(cast(func.hashtext(who), BigInteger)) % every == 0)
    found = {id: PeopleReached() for id in ids}
    for viewer_id, person, later in await session.execute(query.distinct()):
        (found[viewer_id].later if later else found[viewer_id].earlier).add(person)
    return found


@dataclass(frozen=True)
class SharedRow:
    """A share behind the figures: what it brought of each."""

    share: Share
    subscriptions: float
    clicks: int
    robots: int

    @property
    def id(self) -> UUID:
        """The share's, by which pages of them go on."""
        return self.share.id


async def shares_behind(
    session: AsyncSession, asked: ShortlistQuery, viewer_id: UUID, limit: int, after: UUID | None = None
) -> list[SharedRow]:
    """Somebody's shares of the period, newest first: their count, and the sum of what they brought, are the figures."""
    query = select(Share).where(*shared(asked), Share.viewer_id == viewer_id).order_by(Share.id.desc()).limit(limit)
    shares = (await session.scalars(query if after is None else query.where(Share.id < after))).all()
    ids = [share.id for share in shares]
    paid = paid_credits(asked).where(among(Share.id, ids)).subquery()
    sums = select(paid.c.share_id, func.sum(paid.c.weight_ppm)).group_by(paid.c.share_id)
    brought = {share: weight / PPM for share, weight in await session.execute(sums)}
    columns = JudgedEvent.share_id, JudgedEvent.verdict
    clicks = _clicks(asked, [viewer_id], *columns, func.count()).where(among(Share.id, ids))
    came = {
        (share, verdict): n
        for _, share, verdict, n in await session.execute(clicks.group_by(Share.viewer_id, *columns))
    }
    return [
        SharedRow(
            each, float(brought.get(each.id, 0)), came.get((each.id, "human"), 0), came.get((each.id, "robot"), 0)
        )
        for each in shares
    ]


async def partner_names(session: AsyncSession, viewer_id: UUID) -> tuple[str, Creator | None] | None:
    """A grown-up viewer's name, and their profile as a creator; None: there is no such viewer."""
    query = select(Viewer.name, Creator).outerjoin(Creator, Creator.viewer_id == Viewer.id)
    row = (await session.execute(query.where(Viewer.id == viewer_id, ~Viewer.kids, Viewer.name != ""))).one_or_none()
    return None if row is None else (row.name, row.Creator)


COUNTS = {
    "shares": "Links that they made in the period.",
    "subscriptions": "First paid subscriptions credited to those links within the period, in parts; none of their own, "
    "nor any that was given back whole.",
    "expected": f"Paid subscriptions that a share of theirs may be expected to bring, and between what it lies with "
    f"{INTERVAL:.0%} certainty: little seen is drawn to the mean of all.",
    "quality": "The part of visits by their links that current verdicts take for people's.",
    "people": "Who came by their links: a viewer, or a visitor of a day. Themselves left out.",
    "added": "People whom nobody before them in the order of the column reaches.",
    "growth": "People of the period's later half over those of its earlier.",
    "fit": "The part of their clicks that went to titles like those asked for: of their series, or a genre of theirs.",
    "earned": "What they earned until now, less what was taken back.",
}
"""What each figure counts."""
