"""Where candidates come from: what is hot, what people like them clip, titles they are watching, what is new."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.tables import Progress
from groundswell.discovery.ranking import Gate, ranked
from groundswell.discovery.tables import SceneRow, SceneVote
from groundswell.moments.tables import Moment
from groundswell.platform.database import among

from .feed_model import nearness
from .impressions import engaged_by
from .slate import Reason
from .taste import LIKED

HOT, FRESH, WATCHING, NEAR = 60, 30, 30, 60
COUNTED = 30
"""Scenes of those that a reader likes, the latest, of which is counted who clipped them."""

CLIPPED_TOO = 0.2
"""How near a scene is that most people clipped who clipped what a reader likes, where nothing was learned of it yet."""

Parts = dict[UUID, dict[Reason, float]]
"""By scene, the part of each reason."""

# Cosine of two scenes as sets of the people who clipped them, summed over what the reader liked. Of a scene that very
# many clipped, some of them say as much as all.
NEIGHBOURS = text(
    """
    WITH liked AS (
        SELECT id FROM unnest(CAST(:liked AS uuid[])) AS l (id)
    ), makers AS (
        SELECT l.id AS liked, m.viewer_id
        FROM liked l CROSS JOIN LATERAL (
            SELECT DISTINCT p.viewer_id FROM scene_votes v JOIN published_moments p ON p.id = v.moment_id
            WHERE v.scene_id = l.id AND p.viewer_id IS DISTINCT FROM CAST(:viewer AS uuid) LIMIT 100
        ) m
    )
    SELECT v.scene_id, count(DISTINCT makers.viewer_id)::float8 AS together
    FROM makers JOIN published_moments p ON p.viewer_id = makers.viewer_id
    JOIN scene_votes v ON v.moment_id = p.id
    WHERE v.scene_id IS NOT NULL AND v.scene_id <> ALL(CAST(:liked AS uuid[]))
    GROUP BY v.scene_id ORDER BY together DESC, v.scene_id LIMIT :most
    """
)


async def gather(session: AsyncSession, gate: Gate, reader: UUID, viewer_id: UUID | None, now_s: float) -> Parts:
    """Scenes that may be for a reader, by what they are."""
    parts: Parts = defaultdict(dict)
    rank = 0
    async for each in ranked(session, gate.passed, now_s):
        parts[each.id]["hot"] = 1 / (1 + rank / 8)
        if (rank := rank + 1) == HOT:
            break
    fresh = gate.passed(select(SceneRow.id)).order_by(SceneRow.begun_at.desc(), SceneRow.id).limit(FRESH)
    for id in await session.scalars(fresh):
        parts[id]["fresh"] = 1.0
    for id, part in (await _near(session, reader, viewer_id)).items():
        parts[id]["near"] = part
    if viewer_id is not None:
        watching = gate.passed(select(SceneRow.id)).join(Progress, Progress.title_id == SceneRow.title_id)
        watching = watching.where(Progress.viewer_id == viewer_id, SceneRow.start_us <= Progress.position_us)
        for id in await session.scalars(watching.order_by(SceneRow.slow_log.desc()).limit(WATCHING)):
            parts[id]["watching"] = 1.0
    return await _standing(session, gate, parts)


async def _near(session: AsyncSession, reader: UUID, viewer_id: UUID | None) -> dict[UUID, float]:
    """How near scenes are to what the reader clipped, watched or went on from: as was learned of all who clip, and, of
    what is newer than that, by who clipped both."""
    liked = await engaged_by(session, reader, LIKED)
    if viewer_id is not None:
        liked += await _clipped_by(session, viewer_id)
    liked = list(dict.fromkeys(liked))[:LIKED]
    if not liked:
        return {}
    given = {"liked": liked[:COUNTED], "viewer": viewer_id, "most": NEAR}
    rows = (await session.execute(NEIGHBOURS, given)).all()
    most = max((row.together for row in rows), default=1.0)
    counted = {row.scene_id: CLIPPED_TOO * row.together / most for row in rows if row.scene_id not in liked}
    return counted | {id: min(near, 1.0) for id, near in (await nearness(session, liked, NEAR)).items()}


async def _clipped_by(session: AsyncSession, viewer_id: UUID) -> Sequence[UUID]:
    query = select(SceneVote.scene_id).join(Moment, Moment.id == SceneVote.moment_id)
    query = query.where(Moment.viewer_id == viewer_id, SceneVote.scene_id.is_not(None))
    return [id for id in await session.scalars(query.order_by(Moment.id.desc()).limit(LIKED)) if id is not None]


async def _standing(session: AsyncSession, gate: Gate, parts: Parts) -> Parts:
    """Those that have passed the gate, and are still there."""
    there = set(await session.scalars(gate.passed(select(SceneRow.id)).where(among(SceneRow.id, list(parts)))))
    return {id: each for id, each in parts.items() if id in there}
