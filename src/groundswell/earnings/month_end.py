"""What stands in the way of closing a month: everything that may still change what was earned in it, counted now."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Date, Select, and_, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.attribution.tables import Conversion
from groundswell.platform.clock import utc_now

from .rules import period_bounds, period_of
from .tables import CampaignEarning, CampaignRecount, ExchangeRate, Pool, Statement

MONTHS = 12
POOL_MISSING = "pool_missing"

OBSTACLES = {
    "month_running": "The month is not over.",
    POOL_MISSING: "No pool was funded, though subscriptions brought revenue.",
    "pool_undivided": "Pools are funded and not divided.",
    "statements_unposted": "Statements are drawn up and not posted.",
    "rate_missing": "Sales have no exchange rate into the pool's currency: they count for nothing.",
    "recounts_waiting": "Sales wait to be counted again for campaigns.",
    "earnings_held": "Earnings are held while sales may be refunded.",
}
"""Each kind, for people."""


@dataclass(frozen=True)
class Obstacle:
    """Something that stands in the way, how often, and where it is seen to."""

    code: str
    count: int
    address: str

    @property
    def words(self) -> str:
        return OBSTACLES[self.code]


@dataclass(frozen=True)
class Month:
    """A month and what stands in the way of closing it; nothing does when it is ``ready``."""

    period: str
    obstacles: Sequence[Obstacle]

    @property
    def ready(self) -> bool:
        return not self.obstacles

    @property
    def lacks_only_a_pool(self) -> bool:
        """Whether it can be closed once two people say that nothing of it is shared."""
        return [each.code for each in self.obstacles] == [POOL_MISSING]


async def months(session: AsyncSession, count: int = MONTHS) -> list[Month]:
    """This month and those before it, newest first."""
    year, month = (int(part) for part in period_of(utc_now()).split("-"))
    found = []
    for back in range(count):
        years, index = divmod(year * 12 + month - 1 - back, 12)
        period = f"{years}-{index + 1:02}"
        found.append(Month(period, await obstacles(session, period)))
    return found


async def obstacles(session: AsyncSession, period: str) -> list[Obstacle]:
    """What stands in the way of closing one month."""
    _, end = period_bounds(period)
    if end > utc_now():
        return [Obstacle("month_running", 1, "/console/finance")]
    finance = "/console/finance"
    counted = [
        Obstacle(POOL_MISSING, await _without_pool(session, period), finance),
        Obstacle("pool_undivided", await _count(session, _pools(period)), finance),
        Obstacle("statements_unposted", await _count(session, _unposted(period)), finance),
        Obstacle("rate_missing", await _count(session, _unrated(period)), f"{finance}/rates"),
        Obstacle("recounts_waiting", await _count(session, _waiting(period)), "/console/campaigns"),
        Obstacle("earnings_held", await _held(session, period), finance),
    ]
    return [each for each in counted if each.count]


def _in(period: str) -> ColumnElement[bool]:
    begin, end = period_bounds(period)
    return and_(Conversion.at >= begin, Conversion.at < end)


async def _count(session: AsyncSession, query: Select[int]) -> int:
    return await session.scalar(query) or 0


def _pools(period: str) -> Select[int]:
    return select(func.count()).where(Pool.period == period, Pool.status.in_(["funded", "dividing"]))


def _unposted(period: str) -> Select[int]:
    query = select(func.count()).select_from(Statement).join(Pool, Pool.id == Statement.pool_id)
    return query.where(Pool.period == period, Statement.posted_at.is_(None), Statement.cancelled_at.is_(None))


def _sales(period: str) -> ColumnElement[bool]:
    return and_(_in(period), Conversion.kind.in_(["subscription", "renewal"]), Conversion.amount_minor > 0)


async def _without_pool(session: AsyncSession, period: str) -> int:
    """How many sales a month has that has no pool."""
    pools = select(func.count()).where(Pool.period == period, Pool.status != "cancelled")
    if await session.scalar(pools):
        return 0
    return await session.scalar(select(func.count()).select_from(Conversion).where(_sales(period))) or 0


def _unrated(period: str) -> Select[int]:
    """Sales of a month in another currency than a pool's over revenue that have no rate into it on their day."""
    rated = select(ExchangeRate.id).where(
        ExchangeRate.currency == Conversion.currency,
        ExchangeRate.into == Pool.currency,
        ExchangeRate.valid_from <= cast(func.timezone("UTC", Conversion.at), Date),
    )
    of_pool = and_(Pool.period == period, Pool.basis == "revenue", Pool.status != "cancelled")
    query = select(func.count(Conversion.id.distinct())).join(Pool, of_pool)
    return query.where(_sales(period), Conversion.currency != Pool.currency, ~rated.exists())


def _waiting(period: str) -> Select[int]:
    query = select(func.count()).select_from(CampaignRecount)
    return query.join(Conversion, Conversion.id == CampaignRecount.conversion_id).where(_in(period))


async def _held(session: AsyncSession, period: str) -> int:
    """Statements and campaign earnings of a month that are held by now."""
    begin, end = period_bounds(period)
    now = utc_now()
    statements = select(func.count()).select_from(Statement).join(Pool, Pool.id == Statement.pool_id)
    held = statements.where(Pool.period == period, Statement.held_until > now, Statement.cancelled_at.is_(None))
    campaigns = select(func.count()).select_from(CampaignEarning)
    earned = campaigns.where(CampaignEarning.held_until > now, CampaignEarning.at >= begin, CampaignEarning.at < end)
    return (await session.scalar(held) or 0) + (await session.scalar(earned) or 0)
