"""Which scene each moment belongs to, whoever may see it: what numbers about scenes are added up by."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Select, cast, func, select, true
from sqlalchemy.orm import aliased

from groundswell.moments.providers import members_of_scenes
from groundswell.moments.tables import Moment
from groundswell.platform.database import among

from .scenes import OVERLAP_MIN_PERCENT
from .tables import SceneRow


@members_of_scenes.answer
async def scene_members(scenes: Collection[UUID] | None = None) -> Select[Any]:
    """Rows (moment_id, scene_id): of the scenes whose hottest moment a moment overlaps by half, the hottest. Of all
    titles, or of those in which ``scenes`` are."""
    best = aliased(Moment)
    hottest = (
        select(SceneRow.id)
        .join(best, best.id == SceneRow.best_moment_id)
        .where(SceneRow.title_id == Moment.title_id, _overlap(best, Moment))
        .order_by(SceneRow.slow_log.desc(), SceneRow.id)
        .limit(1)
        .lateral("hottest")
    )
    found = select(Moment.id.label("moment_id"), hottest.c.id.label("scene_id")).join(hottest, true())
    if scenes is None:
        return found
    its_titles = among(SceneRow.id, scenes)
    return found.where(Moment.title_id.in_(select(SceneRow.title_id).where(its_titles)), among(hottest.c.id, scenes))


def _overlap(one: Any, other: Any) -> ColumnElement[bool]:
    """``scenes.overlaps`` in SQL."""
    shared = func.least(one.end_us, other.end_us) - func.greatest(one.start_us, other.start_us)
    shorter = func.least(one.end_us - one.start_us, other.end_us - other.start_us)
    met: ColumnElement[bool] = cast(shared, BigInteger) * 100 >= cast(shorter, BigInteger) * OVERLAP_MIN_PERCENT
    return met
