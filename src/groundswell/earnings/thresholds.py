"""From how much on a creator wants to be paid: never less than the service pays out at once, and never so much that
what they earned stays for good."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.problems import Invalid

from .rules import minimum_payout
from .tables import PayoutThreshold

MOST = 100
"""Times the least that is paid out at once."""


class ThresholdImpossible(Invalid):
    code = "threshold_impossible"
    title = "A threshold lies between the least that is paid out and a hundred times that."


async def choose(session: AsyncSession, creator_id: UUID, currency: str, least_minor: int | None) -> None:
    """Be paid in a currency once ``least_minor`` units are due; None: as soon as the service pays out.

    Raises:
        ThresholdImpossible: as it says.
    """
    if least_minor is None:
        await session.execute(delete(PayoutThreshold).filter_by(creator_id=creator_id, currency=currency))
        return
    lowest = minimum_payout(currency)
    if not lowest <= least_minor <= MOST * lowest:
        raise ThresholdImpossible(minimum_minor=lowest, maximum_minor=MOST * lowest)
    values = {"least_minor": least_minor, "changed_at": utc_now()}
    made = insert(PayoutThreshold).values(creator_id=creator_id, currency=currency, **values)
    await session.execute(made.on_conflict_do_update(index_elements=["creator_id", "currency"], set_=values))


async def chosen(session: AsyncSession, creator_id: UUID) -> Sequence[PayoutThreshold]:
    """What a creator chose, by currency."""
    query = select(PayoutThreshold).filter_by(creator_id=creator_id).order_by(PayoutThreshold.currency)
    return (await session.scalars(query)).all()


async def least_of(session: AsyncSession, creators: Collection[UUID], currency: str) -> dict[UUID, int]:
    """From how many minor units on those creators want to be paid who said so."""
    query = select(PayoutThreshold.creator_id, PayoutThreshold.least_minor).filter_by(currency=currency)
    rows = await session.execute(query.where(among(PayoutThreshold.creator_id, creators)))
    return {row.creator_id: row.least_minor for row in rows}
