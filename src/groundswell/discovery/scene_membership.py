"""Which scene each moment belongs to, whoever may see it: what numbers about scenes are added up by."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.moments.providers import scenes_of_moments
from groundswell.moments.tables import Moment

from .scenes import Vote, overlaps
from .tables import SceneRow


@scenes_of_moments.answer
async def scene_of_each(session: AsyncSession) -> dict[UUID, UUID]:
    """Moment → scene: of the scenes whose hottest moment it overlaps by half, the hottest."""
    query = select(SceneRow, Moment).join(Moment, Moment.id == SceneRow.best_moment_id)
    rows = await session.execute(query.order_by(SceneRow.slow_log.desc(), SceneRow.id))
    scenes: dict[UUID, list[tuple[UUID, Vote]]] = {}
    for scene, best in rows:
        scenes.setdefault(scene.title_id, []).append((scene.id, _vote(best.id, best.start_us, best.end_us)))
    moments = await session.execute(select(Moment.id, Moment.title_id, Moment.start_us, Moment.end_us))
    found: dict[UUID, UUID] = {}
    for id, title_id, start_us, end_us in moments:
        vote = _vote(id, start_us, end_us)
        scene_id = next((scene for scene, best in scenes.get(title_id, ()) if overlaps(best, vote)), None)
        if scene_id is not None:
            found[id] = scene_id
    return found


def _vote(id: UUID, start_us: int, end_us: int) -> Vote:
    return Vote(id, start_us, end_us, 0.0, 0.0)
