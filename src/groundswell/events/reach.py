"""How far a viewer's moments got: links made of them, human visits, plays; for each moment, or for each link."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.events.tables import JudgedEvent
from groundswell.moments.tables import Moment
from groundswell.platform.database import among
from groundswell.shares.channels import OWN_PAGE
from groundswell.shares.tables import Share

COUNTED = ("click", "play")
BY_OTHERS = JudgedEvent.viewer_id.is_distinct_from(Moment.viewer_id)
"""Whoever looks at their own moment has not been reached by it."""


@dataclass(frozen=True)
class Reach:
    """Counts since the moment was made; robots are not in them, nor is its maker."""

    shares: int = 0
    visits: int = 0
    plays: int = 0


async def reach_of(session: AsyncSession, moments: Sequence[UUID], since: datetime) -> dict[UUID, Reach]:
    """The reach of each of ``moments``, none of which was made before ``since``."""
    if not moments:
        return {}
    shares = await session.execute(
        select(Share.moment_id, func.count())
        .where(among(Share.moment_id, moments), Share.channel != OWN_PAGE)
        .group_by(Share.moment_id)
    )
    shared = {row[0]: row[1] for row in shares}
    kinds = await session.execute(
        select(JudgedEvent.moment_id, JudgedEvent.kind, func.count())
        .join(Moment, Moment.id == JudgedEvent.moment_id)
        .where(JudgedEvent.at >= since, among(JudgedEvent.moment_id, moments), BY_OTHERS)
        .where(JudgedEvent.kind.in_(COUNTED), JudgedEvent.verdict == "human")
        .group_by(JudgedEvent.moment_id, JudgedEvent.kind)
    )
    counted = {(moment, kind): count for moment, kind, count in kinds}
    return {id: Reach(shared.get(id, 0), counted.get((id, "click"), 0), counted.get((id, "play"), 0)) for id in moments}


async def reach_of_links(session: AsyncSession, moment: UUID, since: datetime) -> dict[UUID, Reach]:
    """The reach of each link to a moment that was made at ``since``; those that nobody followed are not in it."""
    kinds = await session.execute(
        select(JudgedEvent.share_id, JudgedEvent.kind, func.count())
        .join(Moment, Moment.id == JudgedEvent.moment_id)
        .where(JudgedEvent.at >= since, JudgedEvent.moment_id == moment, JudgedEvent.share_id.is_not(None), BY_OTHERS)
        .where(JudgedEvent.kind.in_(COUNTED), JudgedEvent.verdict == "human")
        .group_by(JudgedEvent.share_id, JudgedEvent.kind)
    )
    found: dict[UUID, dict[str, int]] = {}
    for share, kind, count in kinds:
        assert share is not None
        found.setdefault(share, {})[kind] = count
    return {share: Reach(1, counts.get("click", 0), counts.get("play", 0)) for share, counts in found.items()}
