"""What numbers can be told apart by, and the rows that say what ids stand for.

Events and credits carry moment, title and channel. That a moment belongs to a scene and a maker, that a share has a
sharer, a parent and a week, is looked up here, in PostgreSQL, as it is now, and sent along with the question.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.attribution.tables import Conversion
from groundswell.moments.providers import members_of_scenes
from groundswell.moments.tables import Moment
from groundswell.platform.problems import Problem
from groundswell.shares.tables import Share

AT_ONCE = 10_000
"""Rows of a table that are held in memory on their way."""


def week_of_share(zone: str) -> ColumnElement[str]:
    """The Monday of the week in which a share was made, by the clocks of ``zone``."""
    return func.to_char(func.date_trunc("week", func.timezone(zone, Share.created_at)), "YYYY-MM-DD")


class DimensionUnknown(Problem):
    status, code, title = 422, "dimension_unknown", "Numbers cannot be told apart by this."


@dataclass(frozen=True)
class Dimension:
    """``name`` in addresses, what it is called, what one value is called, and the tables that it needs."""

    name: str
    label: str
    one: str
    needs: tuple[str, ...] = ()


DIMENSIONS: dict[str, Dimension] = {
    each.name: each
    for each in (
        Dimension("channel", "Channels", "Channel"),
        Dimension("scene", "Scenes", "Scene", ("moments",)),
        Dimension("moment", "Moments", "Moment"),
        Dimension("title", "Titles", "Title"),
        Dimension("maker", "Creators", "Clipped by", ("moments",)),
        Dimension("sharer", "Sharers", "Shared by", ("shares",)),
        Dimension("territory", "Territories", "Territory", ("converted",)),
        Dimension("generation", "Generations", "Generation", ("shares",)),
        Dimension("cohort", "Weeks of sharing", "Shared in the week of", ("shares",)),
        Dimension("day", "Days", "Day"),
    )
}


def dimension_of(name: str) -> Dimension:
    """The dimension of that name.

    Raises:
        DimensionUnknown.
    """
    if name not in DIMENSIONS:
        raise DimensionUnknown(f"There is no dimension {name}; there are {', '.join(DIMENSIONS)}.")
    return DIMENSIONS[name]


async def named(session: AsyncSession, dimensions: Iterable[str], folder: Path, zone: str = "UTC") -> dict[str, Path]:
    """The files of the tables that ``dimensions`` need, as they are now, weeks by the clocks of ``zone``. They lie in
    ``folder``, so that no more than ``AT_ONCE`` rows are in memory, however many there are."""
    needed = {table for name in dimensions if name in DIMENSIONS for table in DIMENSIONS[name].needs}
    return {
        table: await _written(session, await TABLES[table](zone), folder / f"{table}.arrow") for table in sorted(needed)
    }


async def _moments(zone: str) -> Select[Any]:
    members = await members_of_scenes(None)
    if members is None:
        return select(*_text(moment_id=Moment.id, maker_id=Moment.viewer_id, scene_id=Moment.id))
    of = members.subquery("members")
    scene = func.coalesce(of.c.scene_id, Moment.id)
    query = select(*_text(moment_id=Moment.id, maker_id=Moment.viewer_id, scene_id=scene))
    return query.select_from(Moment).outerjoin(of, of.c.moment_id == Moment.id)


async def _shares(zone: str) -> Select[Any]:
    ids = _text(share_id=Share.id, sharer_id=Share.viewer_id, root_id=Share.root_id, parent_id=Share.parent_id)
    return select(*ids, *_text(generation=Share.generation), week_of_share(zone).label("week"))


async def _converted(zone: str) -> Select[Any]:
    columns = (*_text(conversion_id=Conversion.id), Viewer.territory.label("territory"))
    return select(*columns).join(Viewer, Viewer.id == Conversion.viewer_id)


def _text(**columns: Any) -> list[Any]:
    return [cast(column, Text).label(name) for name, column in columns.items()]


async def _written(session: AsyncSession, query: Select[Any], path: Path) -> Path:
    """The rows of a query, all columns text, as an Arrow table in a file."""
    import pyarrow as pa

    schema = pa.schema([(column.name, pa.string()) for column in query.selected_columns])
    found = await session.stream(query.execution_options(yield_per=AT_ONCE))
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, schema) as writer:
        async for rows in found.partitions():
            columns = zip(*rows, strict=True)
            writer.write_batch(pa.record_batch([pa.array(each, pa.string()) for each in columns], schema))
    return path


TABLES: "dict[str, Callable[[str], Awaitable[Select[Any]]]]" = {
    "moments": _moments,
    "shares": _shares,
    "converted": _converted,
}
