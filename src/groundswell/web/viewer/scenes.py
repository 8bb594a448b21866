"""What is catching on, as pages show it: scenes from Discover, veiled where they would spoil something."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.catalog.directory import titles_among
from groundswell.catalog.spoilers import seen_by, spoils
from groundswell.catalog.titles import label_of
from groundswell.creators.profiles import handles_of
from groundswell.discovery.feed import EVERYTHING, Only, discover, featured
from groundswell.discovery.ranking import Gate
from groundswell.discovery.schemas import Discover, SceneOut
from groundswell.moments.availability import Audience
from groundswell.moments.lookup import makers_of


@dataclass(frozen=True)
class SceneView:
    """One scene on a card. ``place`` is where an episode stands (``S1E2``); ``handle`` is its maker's, where they are a
    creator who wants to be named. ``words`` are its quote or its maker's caption: never twice on a page."""

    out: SceneOut
    place: str | None
    veiled: bool
    handle: str | None
    words: str | None


@dataclass(frozen=True)
class Scenes:
    """A page of scenes, and what the numbers on it count."""

    items: list[SceneView]
    found: Discover


async def scenes(
    session: AsyncSession,
    caller: Caller | None,
    audience: Audience,
    gate: Gate,
    *,
    cursor: str | None = None,
    limit: int = 24,
    title_id: UUID | None = None,
    only: Only = EVERYTHING,
) -> Scenes:
    """The scenes that are catching on (all, or one title's), as far as they have passed ``gate``, for whoever looks.

    Raises:
        CursorInvalid: ``cursor`` is not of this list.
    """
    narrowed: dict[str, Any] = {"title_id": title_id, "audience": audience, "only": only}
    found = await discover(session, gate=gate, cursor=cursor, limit=limit, **narrowed)
    return Scenes(await _views(session, caller, found.items), found)


async def picked(
    session: AsyncSession, caller: Caller | None, audience: Audience, title_id: UUID | None = None
) -> list[SceneView]:
    """The scenes that the service itself puts above the list, for whoever looks."""
    return await _views(session, caller, await featured(session, audience, title_id))


async def _views(session: AsyncSession, caller: Caller | None, found: Sequence[SceneOut]) -> list[SceneView]:
    ids = {scene.title.id for scene in found}
    titles = await titles_among(session, ids)
    seen = await seen_by(session, caller, titles.values())
    makers = await _handles(session, [scene.best.id for scene in found if scene.best.by is not None])
    items, said = [], set[str]()
    for scene in found:
        title = titles[scene.title.id]
        veiled = spoils(seen, title, scene.best.start_us, marked=scene.best.spoiler)
        words = next((each for each in (scene.quote, scene.best.caption) if each and each not in said), None)
        said.add(words or "")
        items.append(SceneView(scene, label_of(title), veiled, makers.get(scene.best.id), words))
    return items


async def _handles(session: AsyncSession, moments: list[UUID]) -> dict[UUID, str]:
    """The creators' handles by moment."""
    by_moment = await makers_of(session, moments)
    handles = await handles_of(session, by_moment.values())
    return {moment: handles[viewer] for moment, viewer in by_moment.items() if viewer in handles}
