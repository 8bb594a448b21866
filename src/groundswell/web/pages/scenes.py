"""What is catching on, as pages show it: scenes from Discover, veiled where they would spoil something."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.catalog.tables import Title
from groundswell.catalog.titles import label_of
from groundswell.discovery.feed import discover
from groundswell.discovery.schemas import Discover, SceneOut

from .spoilers import seen_by, spoils


@dataclass(frozen=True)
class Scene:
    """One scene on a card. ``place`` is where an episode stands (``S1E2``)."""

    out: SceneOut
    place: str | None
    veiled: bool


@dataclass(frozen=True)
class Scenes:
    """A page of scenes, and what the numbers on it count."""

    items: list[Scene]
    found: Discover


async def scenes(
    session: AsyncSession,
    caller: Caller | None,
    territory: str | None,
    *,
    cursor: str | None = None,
    limit: int = 24,
    title_id: UUID | None = None,
) -> Scenes:
    """The scenes that are catching on (all, or one title's), the hottest first, for whoever looks.

    Raises:
        CursorInvalid: ``cursor`` is not of this list.
    """
    member = caller is not None
    found = await discover(session, cursor=cursor, limit=limit, title_id=title_id, territory=territory, member=member)
    ids = {scene.title.id for scene in found.items}
    titles = {title.id: title for title in await session.scalars(select(Title).where(Title.id.in_(ids)))}
    seen = await seen_by(session, caller, titles.values())
    items = []
    for scene in found.items:
        title = titles[scene.title.id]
        veiled = spoils(seen, title, scene.best.start_us, marked=scene.best.spoiler)
        items.append(Scene(scene, label_of(title), veiled))
    return Scenes(items, found)
