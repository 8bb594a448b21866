"""Who did something, as records of what was done have it: by a number, which names nobody once they are erased."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.database import among

from .tables import Viewer

VIEWER = "viewer:"


def actor_of(viewer_id: UUID) -> str:
    """A viewer as an actor; rules and programs stand by their own names."""
    return f"{VIEWER}{viewer_id}"


async def actor_names(session: AsyncSession, actors: Iterable[str]) -> dict[str, str]:
    """What actors are called on pages: viewers by their names, others by themselves."""
    asked = list(actors)
    viewers = [UUID(actor.removeprefix(VIEWER)) for actor in asked if actor.startswith(VIEWER)]
    found = await session.execute(select(Viewer.id, Viewer.name).where(among(Viewer.id, viewers)))
    names = {actor_of(id): name or "somebody erased" for id, name in found}
    return {actor: names.get(actor, actor) for actor in asked}
