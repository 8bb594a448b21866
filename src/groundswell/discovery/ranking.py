"""Scenes in the order of the rate at which votes come for them now (``rate``), exactly, from three indexes."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.settings import Settings

from .tables import SceneLocal, SceneRow
from .threshold import COUNTERS, Edge, Entry, Ranked, Threshold
from .trending.tables import SceneStanding

PAGE, PAGE_MAX = 64, 2_048
"""Entries of each list that are read at first, and at most at a time."""

DEEPEST = 5_000
"""Scenes of a list; those after them are on no page."""

Table = type[SceneRow] | type[SceneLocal]

Scope = Callable[[Select[Any]], Select[Any]]
"""Narrows a query for scenes."""


@dataclass(frozen=True)
class Gate:
    """How many established people, on how many networks, must have voted for a scene before it stands in a public
    list: what a few can bring about by themselves is not shown to all. With ``review``, somebody must have looked at
    it too; what staff hold back never passes."""

    people: int
    networks: int
    review: bool = False

    @classmethod
    def of(cls, settings: Settings) -> "Gate":
        review = settings.trending_hold == "review"
        return cls(settings.trending_people_min, settings.trending_networks_min, review)

    def passed(self, query: Select[Any]) -> Select[Any]:
        """Only the scenes that pass."""
        query = query.where(self.stands)
        if self.people <= 0 and self.networks <= 0:
            return query
        return query.where(SceneRow.people >= self.people, SceneRow.networks >= self.networks)

    @property
    def stands(self) -> ColumnElement[bool]:
        """Whether what was decided of a scene lets it stand in public lists."""
        decided = select(SceneStanding.scene_id).where(SceneStanding.scene_id == SceneRow.id)
        if self.review:
            return decided.where(SceneStanding.state == "released").exists()
        return ~decided.where(SceneStanding.state == "held").exists()


async def ranked(
    session: AsyncSession, scope: Scope, now_s: float, territory: str | None = None
) -> AsyncIterator[Ranked]:
    """The scenes of ``scope`` as of ``now_s`` (Unix seconds), the fastest first, ``DEEPEST`` at most; by the votes from
    one ``territory`` alone, if one is named."""
    threshold, page, given = Threshold(now_s), PAGE, 0
    while given < DEEPEST:
        threshold.take(await _pages(session, scope, territory, threshold.edges, page), page)
        for each in threshold.settled():
            yield each
            given += 1
        if threshold.complete:
            return
        page = min(2 * page, PAGE_MAX)


async def _pages(
    session: AsyncSession, scope: Scope, territory: str | None, edges: list[Edge | None], page: int
) -> list[list[Entry]]:
    """The next entries of the three lists, in one statement."""
    lists = [_list(scope, territory, counter, edges[counter], page) for counter in COUNTERS]
    pages: list[list[Entry]] = [[] for _ in COUNTERS]
    for counter, id, begun_at, *logs in await session.execute(union_all(*lists)):
        quick, middle, slow = logs
        pages[counter].append(Entry(id, begun_at.timestamp(), (quick, middle, slow)))
    return pages


def _list(scope: Scope, territory: str | None, counter: int, edge: Edge | None, page: int) -> Select[Any]:
    counters: Table = SceneRow if territory is None else SceneLocal
    id = SceneRow.id if territory is None else SceneLocal.scene_id
    logs = (counters.quick_log, counters.middle_log, counters.slow_log)
    columns: tuple[Any, ...] = (literal(counter).label("counter"), id.label("id"), SceneRow.begun_at, *logs)
    query = select(*columns)
    if territory is not None:
        query = query.select_from(SceneLocal).join(SceneRow, SceneRow.id == SceneLocal.scene_id)
        query = query.where(SceneLocal.territory == territory)
    query, column = scope(query), logs[counter]
    if edge is not None:
        query = query.where(column <= edge.log, (column < edge.log) | (id > edge.id))
    return select(query.order_by(column.desc(), id).limit(page).subquery())
