"""How far a viewer's moments got: shares made of them, human visits, plays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.events.tables import LoggedEvent
from groundswell.shares.tables import Share


@dataclass(frozen=True)
class Reach:
    """Counts since the moment was made; robots are not in them."""

    shares: int = 0
    visits: int = 0
    plays: int = 0


async def reach_of(session: AsyncSession, moments: Sequence[UUID], since: datetime) -> dict[UUID, Reach]:
    """The reach of each of ``moments``, none of which was made before ``since``."""
    if not moments:
        return {}
    shares = await session.execute(
        select(Share.moment_id, func.count()).where(Share.moment_id.in_(moments)).group_by(Share.moment_id)
    )
    shared = {row[0]: row[1] for row in shares}
    kinds = await session.execute(
        select(LoggedEvent.moment_id, LoggedEvent.kind, func.count())
        .where(LoggedEvent.at >= since, LoggedEvent.moment_id.in_(moments))
        .where(LoggedEvent.kind.in_(["click", "play"]), LoggedEvent.verdict == "human")
        .group_by(LoggedEvent.moment_id, LoggedEvent.kind)
    )
    counted = {(moment, kind): count for moment, kind, count in kinds}
    return {id: Reach(shared.get(id, 0), counted.get((id, "click"), 0), counted.get((id, "play"), 0)) for id in moments}
