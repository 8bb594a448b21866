"""What numbers can be told apart by, and the rows that say what ids stand for.

Events and credits carry moment, title and channel. That a moment belongs to a scene and a maker, that a share has a
sharer, a parent and a week, is looked up here, in PostgreSQL, as it is now, and sent along with the question.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Executable, Text, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.attribution.tables import Conversion
from groundswell.moments.providers import scenes_of_moments
from groundswell.moments.tables import Moment
from groundswell.platform.problems import Problem
from groundswell.shares.tables import Share

if TYPE_CHECKING:
    import pyarrow as pa


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


async def named(session: AsyncSession, dimensions: Iterable[str], zone: str = "UTC") -> "dict[str, pa.Table]":
    """The tables that ``dimensions`` need, as they are now."""
    needed = {table for name in dimensions if name in DIMENSIONS for table in DIMENSIONS[name].needs}
    return {table: await TABLES[table](session, zone) for table in sorted(needed)}


async def _moments(session: AsyncSession, zone: str) -> "pa.Table":
    scenes = await scenes_of_moments(session)
    rows = (await session.execute(select(Moment.id, Moment.viewer_id))).all()
    columns = {
        "moment_id": [str(id) for id, _ in rows],
        "maker_id": [str(maker) for _, maker in rows],
        "scene_id": [str(scenes.get(id, id)) for id, _ in rows],
    }
    return arrow(columns)


async def _shares(session: AsyncSession, zone: str) -> "pa.Table":
    ids = Share.id, Share.viewer_id, Share.root_id, Share.parent_id, Share.generation
    query = select(*(cast(each, Text) for each in ids), week_of_share(zone))
    names = ("share_id", "sharer_id", "root_id", "parent_id", "generation", "week")
    return arrow(await _columns(session, query, names))


async def _converted(session: AsyncSession, zone: str) -> "pa.Table":
    query = select(cast(Conversion.id, Text), Viewer.territory).join(Viewer, Viewer.id == Conversion.viewer_id)
    return arrow(await _columns(session, query, ("conversion_id", "territory")))


async def _columns(session: AsyncSession, query: Executable, names: tuple[str, ...]) -> dict[str, list[Any]]:
    rows = (await session.execute(query)).all()
    return {name: [row[n] for row in rows] for n, name in enumerate(names)}


def arrow(columns: dict[str, list[Any]]) -> "pa.Table":
    """Columns of text as an Arrow table."""
    import pyarrow as pa

    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


TABLES: "dict[str, Callable[[AsyncSession, str], Awaitable[pa.Table]]]" = {
    "moments": _moments,
    "shares": _shares,
    "converted": _converted,
}
