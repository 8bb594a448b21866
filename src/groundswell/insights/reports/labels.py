"""What the keys of a dimension are called."""

import re
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.person_names import PersonNames
from groundswell.accounts.tables import Viewer
from groundswell.catalog.tables import Title
from groundswell.insights.schemas import Row
from groundswell.moments.providers import members_of_scenes
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


PEOPLE = frozenset({"maker", "sharer"})
"""Dimensions whose keys are viewers."""

L = TypeVar("L", bound=Row)


def named_for(names: PersonNames, dimension: str, rows: Sequence[L]) -> list[L]:
    """The rows of a report by ``dimension``, as its reader may see them: reports are kept with names."""
    if dimension not in PEOPLE:
        return list(rows)
    return [row.model_copy(update={"label": label_for(names, dimension, row.key, row.label)}) for row in rows]


def label_for(names: PersonNames, dimension: str, key: str, label: str) -> str:
    """What a key is called, as a reader may see it."""
    is_person = dimension in PEOPLE and ID.fullmatch(key)
    return (names.of(key, label) or label) if is_person else label


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
    ids = _ids(keys)
    members = await members_of_scenes(ids)
    scene: Any = Moment.id
    query = select(Moment.id).where(among(Moment.id, ids))
    if members is not None:
        of = members.subquery("members")
        scene = func.coalesce(of.c.scene_id, Moment.id)
        query = select(Moment.id).outerjoin(of, of.c.moment_id == Moment.id)
        query = query.where(or_(of.c.moment_id.is_not(None), among(Moment.id, ids)))
    worded = func.array_agg(aggregate_order_by(Moment.caption, Moment.id)).filter(Moment.caption != "")
    starts = func.array_agg(aggregate_order_by(Moment.start_us, Moment.start_us), type_=ARRAY(BigInteger))
    columns = scene.label("scene"), func.min(Title.name), starts[func.count() // 2 + 1], worded[1]
    grouped = query.with_only_columns(*columns).join(Title, Title.id == Moment.title_id).group_by(scene)
    wanted = set(ids)
    rows = [row for row in await session.execute(grouped) if row.scene in wanted]
    return {str(scene): _scene_label(title, start, caption or "") for scene, title, start, caption in rows}


def _scene_label(title: str, start_us: int, caption: str) -> str:
    return f"{title} at {format_us(start_us)}{f': {caption}' if caption else ''}"


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
