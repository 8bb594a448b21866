"""Votes that look bought: very many by people whom nobody knows yet, in a short time, for one scene.

They hardly count (``person_weight``), but whoever decides about trust sees them: the scene, how many, within how long,
from how many networks, and for which other scenes the same people voted.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now

WITHIN = timedelta(days=2)
FRESH_MIN = 20
"""People without an established account, for one scene."""

FRESH_PART = 0.8
SHARED_PART = 0.5
"""Of the people of a cluster who voted for another scene, too, for it to be named."""

MOST = 50

FIND = text(
    """
    SELECT scene_id, count(DISTINCT voter) FILTER (WHERE weight < 1) AS fresh,
        count(DISTINCT voter) FILTER (WHERE weight >= 1) AS established, count(DISTINCT network) AS networks,
        min(at) FILTER (WHERE weight < 1) AS first_at, max(at) FILTER (WHERE weight < 1) AS last_at
    FROM heat_votes
    WHERE day >= :day AND at >= :since AND scene_id IS NOT NULL
        AND (CAST(:scenes AS uuid[]) IS NULL OR scene_id = ANY(CAST(:scenes AS uuid[])))
    GROUP BY scene_id
    HAVING count(DISTINCT voter) FILTER (WHERE weight < 1) >= :fresh
        AND count(DISTINCT voter) FILTER (WHERE weight < 1) >= :part * count(DISTINCT voter)
    ORDER BY fresh DESC, scene_id LIMIT :most
    """
)
SHARED = text(
    """
    SELECT a.scene_id, b.scene_id AS other
    FROM (
        SELECT DISTINCT scene_id, voter FROM heat_votes
        WHERE day >= :day AND at >= :since AND weight < 1 AND scene_id = ANY(:scenes)
    ) a
    JOIN (
        SELECT DISTINCT scene_id, voter FROM heat_votes
        WHERE day >= :day AND at >= :since AND weight < 1 AND scene_id IS NOT NULL
    ) b ON b.voter = a.voter AND b.scene_id <> a.scene_id
    GROUP BY a.scene_id, b.scene_id
    HAVING count(*) >= :part * (
        SELECT count(DISTINCT voter) FROM heat_votes v
        WHERE v.day >= :day AND v.at >= :since AND v.weight < 1 AND v.scene_id = a.scene_id
    )
    ORDER BY count(*) DESC, b.scene_id
    """
)


@dataclass(frozen=True)
class VoteCluster:
    """Votes for one scene that look bought: ``fresh`` and ``established`` people, from so many networks as are known,
    from the first fresh vote to the last. ``others``: the scenes for which half of the fresh voted, too."""

    scene_id: UUID
    fresh: int
    established: int
    networks: int
    first_at: datetime
    last_at: datetime
    others: tuple[UUID, ...]


async def find(session: AsyncSession, scenes: Collection[UUID] | None = None) -> list[VoteCluster]:
    """The clusters of the last two days, the largest first; only of ``scenes``, if they are named."""
    since = utc_now() - WITHIN
    within = {"since": since, "day": since.date()}
    only = None if scenes is None else list(scenes)
    named = within | {"scenes": only, "fresh": FRESH_MIN, "part": FRESH_PART, "most": MOST}
    rows = (await session.execute(FIND, named)).all()
    if not rows:
        return []
    others: dict[UUID, list[UUID]] = {}
    shared = within | {"scenes": [row.scene_id for row in rows], "part": SHARED_PART}
    for scene_id, other in await session.execute(SHARED, shared):
        others.setdefault(scene_id, []).append(other)
    return [VoteCluster(**row._mapping, others=tuple(others.get(row.scene_id, ()))) for row in rows]
