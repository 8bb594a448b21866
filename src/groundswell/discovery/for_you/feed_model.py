"""What For you learns of all who clip: which scenes those clip who clip others, and what says how much."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import numpy as np
from sqlalchemy import delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database, among, driver_connection

from .blend import USUAL, Blend
from .ease import neighbours, together
from .tables import FeedBlend, SceneNeighbour
from .taste import Likes, Numbers, learned

SCENES_MAX, CLIPS_MAX = 2_000, 500_000
"""Scenes that are learned of, the warmest, and clips of them, the latest."""

PEOPLE_MIN = 50
"""People who clipped, from whom on a blend is chosen: few say nothing."""

CLIPPED = text(
    """
    SELECT p.viewer_id, v.scene_id, v.begun_at
    FROM (SELECT id FROM scenes ORDER BY slow_log DESC, id LIMIT :scenes) s
    JOIN scene_votes v ON v.scene_id = s.id
    JOIN published_moments p ON p.id = v.moment_id
    WHERE p.viewer_id IS NOT NULL
    ORDER BY v.begun_at DESC, p.id LIMIT :clips
    """
)
COPY = "COPY scene_neighbours (scene_id, near_id, weight) FROM STDIN"


class Learned(NamedTuple):
    scenes: list[UUID]
    near: Sequence[tuple[int, int, float]]
    blend: Blend | None


async def learn(database: Database) -> None:
    """Learn from what was clipped, in place of what was learned before."""
    async with database.snapshot() as session:
        rows = [tuple(row) for row in await session.execute(CLIPPED, {"scenes": SCENES_MAX, "clips": CLIPS_MAX})]
    found = await asyncio.to_thread(_learned, rows)
    async with database.transaction() as session:
        await session.execute(delete(SceneNeighbour))
        connection = await driver_connection(session)
        async with connection.cursor().copy(COPY) as copy:
            for scene, near, weight in found.near:
                await copy.write_row((found.scenes[scene], found.scenes[near], weight))
        await session.execute(delete(FeedBlend))
        if found.blend is not None:
            session.add(FeedBlend(learned_at=utc_now(), **found.blend._asdict()))


def _learned(rows: Sequence[tuple[UUID, UUID, datetime]]) -> Learned:
    rows = rows[::-1]
    people, scenes = _numbered([row[0] for row in rows]), _numbered([row[1] for row in rows])
    shape = (len(people.names), len(scenes.names))
    if not rows:
        return Learned([], [], None)
    at_s = np.array([row[2].timestamp() for row in rows])
    weights = neighbours(together(people.numbers, scenes.numbers, shape[1]))
    pairs = zip(*weights.nonzero(), strict=True)
    near = [(int(scene), int(other), float(weights[scene, other])) for scene, other in pairs]
    blend = learned(Likes(people.numbers, scenes.numbers, at_s, shape)) if shape[0] >= PEOPLE_MIN else None
    return Learned(scenes.names, near, blend)


class Numbered(NamedTuple):
    names: list[UUID]
    numbers: Numbers


def _numbered(ids: Sequence[UUID]) -> Numbered:
    """Each id by the place of its first among them."""
    places = {id: n for n, id in enumerate(dict.fromkeys(ids))}
    return Numbered(list(places), np.array([places[id] for id in ids], dtype=np.int64))


async def nearness(session: AsyncSession, liked: Sequence[UUID], most: int) -> dict[UUID, float]:
    """How near other scenes are to those that somebody liked, the nearest first; ``most`` at most."""
    near = func.sum(SceneNeighbour.weight)
    query = select(SceneNeighbour.near_id, near).where(among(SceneNeighbour.scene_id, liked))
    query = query.where(~among(SceneNeighbour.near_id, liked)).group_by(SceneNeighbour.near_id)
    rows = await session.execute(query.order_by(near.desc(), SceneNeighbour.near_id).limit(most))
    return {id: float(weight) for id, weight in rows}


async def blend(session: AsyncSession) -> Blend:
    """What was learned last of what says how much."""
    found = await session.scalar(select(FeedBlend).order_by(FeedBlend.learned_at.desc()).limit(1))
    return USUAL if found is None else Blend(found.hot, found.lasting, found.near)
