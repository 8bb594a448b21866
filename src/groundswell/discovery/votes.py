"""Moments as votes: what each weighs now. At most ``PAGE`` are looked at at a time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.trust.decisions import active_among

from . import heat
from .tables import HeatDay
from .tally import WINDOW_DAYS

PAGE = 500


@dataclass(frozen=True)
class Counted:
    """What a moment's days come to: heat as a logarithm, visits and plays."""

    log_heat: float
    clicks: int
    plays: int


async def votes_among(session: AsyncSession, title_id: UUID, moment_ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """The columns of ``SceneVote`` (but ``first_id``) of those of a title's moments that vote now: live, public, not
    taken down, with votes in the window; demoted ones for a tenth."""
    counted = await _counted(session, moment_ids)
    query = select(Moment.id, Moment.start_us, Moment.end_us, Moment.created_at, Moment.viewer_id).where(
        among(Moment.id, counted), Moment.deleted_at.is_(None), Moment.visibility == "public"
    )
    moments = (await session.execute(query)).all()
    ids = [moment.id for moment in moments]
    hidden = await active_among(session, "moment", ids)
    demoted = await active_among(session, "moment", ids, ("demote", "collapse"))
    banned = await active_among(session, "viewer", list({moment.viewer_id for moment in moments}))
    return {
        id: {
            "moment_id": id,
            "title_id": title_id,
            "start_us": start_us,
            "end_us": end_us,
            "length_us": end_us - start_us,
            "log_heat": heat.scaled(counted[id].log_heat, heat.DEMOTED if id in demoted else 1),
            "clicks": counted[id].clicks,
            "plays": counted[id].plays,
            "public": True,
            "factor": heat.DEMOTED if id in demoted else 1.0,
            "begun_at": created_at,
        }
        for id, start_us, end_us, created_at, viewer_id in moments
        if id not in hidden and viewer_id not in banned
    }


async def _counted(session: AsyncSession, moment_ids: Sequence[UUID]) -> dict[UUID, Counted]:
    """Summed relative to now, where nothing of the window overflows or vanishes: exponents are some -240 to 4."""
    now = utc_now()
    slow = now.timestamp() / heat.HALF_LIFE_S
    query = (
        select(
            HeatDay.moment_id,
            func.sum(func.power(2.0, HeatDay.log_heat - slow)),
            func.sum(HeatDay.clicks),
            func.sum(HeatDay.plays),
        )
        .where(among(HeatDay.moment_id, moment_ids), HeatDay.day >= now.date() - timedelta(days=WINDOW_DAYS))
        .group_by(HeatDay.moment_id)
    )
    return {
        id: Counted(math.log2(heats) + slow, int(clicks), int(plays))
        for id, heats, clicks, plays in await session.execute(query)
        if heats > 0
    }
