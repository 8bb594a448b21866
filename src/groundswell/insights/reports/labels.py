"""What the keys of a dimension are called."""

import re
from collections.abc import Callable, Coroutine, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.catalog.tables import Title
from groundswell.moments.providers import scenes_of_moments
from groundswell.moments.tables import Moment
from groundswell.platform.clock import format_us
from groundswell.platform.database import among
from groundswell.shares.channels import CHANNELS

Names = dict[str, str]
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def labels(session: AsyncSession, dimension: str, keys: Iterable[str | None]) -> Names:
    """Key → what people call it; keys that have no better name are left out."""
    wanted = sorted({key for key in keys if key})
    naming = NAMING.get(dimension)
    return await naming(session, wanted) if naming and wanted else {}


async def _titles(session: AsyncSession, keys: list[str]) -> Names:
    rows = await session.execute(select(Title.id, Title.name).where(among(Title.id, _ids(keys))))
    return {str(id): name for id, name in rows}


async def _viewers(session: AsyncSession, keys: list[str]) -> Names:
    rows = await session.execute(select(Viewer.id, Viewer.name).where(among(Viewer.id, _ids(keys))))
    return {str(id): name or "Somebody erased" for id, name in rows}


async def _moments(session: AsyncSession, keys: list[str]) -> Names:
    query = select(Moment, Title.name).join(Title, Title.id == Moment.title_id).where(among(Moment.id, _ids(keys)))
    return {str(moment.id): moment_label(moment, title) for moment, title in await session.execute(query)}


async def _scenes(session: AsyncSession, keys: list[str]) -> Names:
    """A scene is called after the earliest of its moments with words, or that is what its key is."""
    members: dict[UUID, list[UUID]] = {}
    for moment_id, scene_id in (await scenes_of_moments(session)).items():
        members.setdefault(scene_id, []).append(moment_id)
    ids = _ids(keys)
    wanted = {id for key in ids for id in members.get(key, [key])}
    query = select(Moment, Title.name).join(Title, Title.id == Moment.title_id).where(among(Moment.id, wanted))
    found = {moment.id: (moment, title) for moment, title in await session.execute(query.order_by(Moment.id))}
    names: Names = {}
    for key in ids:
        those = [found[id] for id in members.get(key, [key]) if id in found]
        if those:
            names[str(key)] = _scene_label(those)
    return names


def _scene_label(members: list[tuple[Moment, str]]) -> str:
    start = sorted(moment.start_us for moment, _ in members)[len(members) // 2]
    caption = next((moment.caption for moment, _ in members if moment.caption), "")
    return f"{members[0][1]} at {format_us(start)}{f': {caption}' if caption else ''}"


def moment_label(moment: Moment, title: str) -> str:
    """What a moment is called where its title is not known from elsewhere."""
    return f"{moment.caption or 'Without words'} ({title} {format_us(moment.start_us)})"


async def _channels(session: AsyncSession, keys: list[str]) -> Names:
    return {key: CHANNELS[key].label for key in keys if key in CHANNELS}


async def _generations(session: AsyncSession, keys: list[str]) -> Names:
    return {key: "0: first shares" if key == "0" else f"{key}: re-shared {key}×" for key in keys}


def _ids(keys: list[str]) -> list[UUID]:
    """Those that are ids: others come from addresses that people changed."""
    return [UUID(key) for key in keys if ID.fullmatch(key)]


NAMING: dict[str, Callable[[AsyncSession, list[str]], Coroutine[Any, Any, Names]]] = {
    "title": _titles,
    "maker": _viewers,
    "sharer": _viewers,
    "moment": _moments,
    "scene": _scenes,
    "channel": _channels,
    "generation": _generations,
}
