"""Ids of scenes that last: a scene keeps its id when another moment leads it, when moments join and leave.

After moments were put into scenes, each id goes to the scene that has most of the moments that had it, and each scene
keeps at most one; what gets none has a new one. Two scenes that become one keep the larger's id, the larger part of one
that falls apart keeps it.
"""

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID, uuid5

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.ids import uuid7

SCENE = UUID("0f0f5f2c-2a0e-5b7e-8d55-6a5c8f0b7c10")

HELD = text(
    """
    SELECT first_id, scene_id, count(*) FROM scene_votes
    WHERE first_id = ANY(:firsts) AND scene_id IS NOT NULL GROUP BY first_id, scene_id
    """
)
BEGINNING = text("SELECT moment_id FROM scene_votes WHERE moment_id = ANY(:firsts) AND first_id = moment_id")
USED = text("SELECT DISTINCT scene_id FROM scene_votes WHERE scene_id = ANY(:ids) AND first_id <> ALL(:firsts)")
GIVE = text(
    """
    UPDATE scene_votes v SET scene_id = given.id
    FROM unnest(CAST(:firsts AS uuid[]), CAST(:ids AS uuid[])) AS given (first, id)
    WHERE v.first_id = given.first AND v.scene_id IS DISTINCT FROM given.id
    RETURNING v.moment_id
    """
)


async def assign(session: AsyncSession, firsts: Collection[UUID]) -> set[UUID]:
    """Give the scenes that begin with ``firsts`` their ids; returns the moments that came to another scene."""
    beginning = sorted(await session.scalars(BEGINNING, {"firsts": list(firsts)}))
    if not beginning:
        return set()
    held = [(first, scene, count) for first, scene, count in await session.execute(HELD, {"firsts": beginning})]
    wanted = {scene for _, scene, _ in held} | {new_id(first) for first in beginning}
    used = set(await session.scalars(USED, {"ids": sorted(wanted), "firsts": beginning}))
    ids = allot(beginning, held, used)
    given = {"firsts": list(ids), "ids": list(ids.values())}
    return set(await session.scalars(GIVE, given))


def new_id(first: UUID) -> UUID:
    """The id of a scene that begins with a moment, if no other scene has it."""
    return uuid5(SCENE, str(first))


def allot(
    firsts: Iterable[UUID], held: Iterable[tuple[UUID, UUID, int]], used: Collection[UUID] = ()
) -> Mapping[UUID, UUID]:
    """Scene ids by first moment, each once. Pure.

    Args:
        held: (first moment, id, how many moments of that scene had it before).
        used: ids that other scenes have.
    """
    found: dict[UUID, UUID] = {}
    taken = set(used)
    for first, scene, _ in sorted(held, key=lambda each: (-each[2], each[1], each[0])):
        if first not in found and scene not in taken:
            found[first] = scene
            taken.add(scene)
    for first in firsts:
        if first not in found:
            fresh = new_id(first)
            found[first] = uuid7() if fresh in taken else fresh
            taken.add(found[first])
    return found
