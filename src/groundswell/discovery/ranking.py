"""Scenes in the order of the rate at which votes come for them now (``rate``), exactly, from three indexes."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.settings import Settings

from .tables import SceneRow
from .threshold import COUNTERS, Edge, Entry, Ranked, Threshold

PAGE, PAGE_MAX = 64, 2_048
"""Entries of each list that are read at first, and at most at a time."""

DEEPEST = 5_000
"""Scenes of a list; those after them are on no page."""

COLUMNS = (SceneRow.quick_log, SceneRow.middle_log, SceneRow.slow_log)

Scope = Callable[[Select[Any]], Select[Any]]
"""Narrows a query for scenes."""


@dataclass(frozen=True)
class Gate:
    """How many established people, on how many networks, must have voted for a scene before it stands in a public
    list: what a few can bring about by themselves is not shown to all."""

    people: int
    networks: int

    @classmethod
    def of(cls, settings: Settings) -> "Gate":
        return cls(settings.trending_people_min, settings.trending_networks_min)

    def passed(self, query: Select[Any]) -> Select[Any]:
        """Only the scenes that pass."""
        if self.people <= 0 and self.networks <= 0:
            return query
        return query.where(SceneRow.people >= self.people, SceneRow.networks >= self.networks)


async def ranked(session: AsyncSession, scope: Scope, now_s: float) -> AsyncIterator[Ranked]:
    """The scenes of ``scope`` as of ``now_s`` (Unix seconds), the fastest first, ``DEEPEST`` at most."""
    threshold, page, given = Threshold(now_s), PAGE, 0
    while given < DEEPEST:
        threshold.take(await _pages(session, scope, threshold.edges, page), page)
        for each in threshold.settled():
            yield each
            given += 1
        if threshold.complete:
            return
        page = min(2 * page, PAGE_MAX)


async def _pages(session: AsyncSession, scope: Scope, edges: list[Edge | None], page: int) -> list[list[Entry]]:
    """The next entries of the three lists, in one statement."""
    lists = [_list(scope, counter, edges[counter], page) for counter in COUNTERS]
    pages: list[list[Entry]] = [[] for _ in COUNTERS]
    for counter, id, begun_at, *logs in await session.execute(union_all(*lists)):
        quick, middle, slow = logs
        pages[counter].append(Entry(id, begun_at.timestamp(), (quick, middle, slow)))
    return pages


def _list(scope: Scope, counter: int, edge: Edge | None, page: int) -> Select[Any]:
    column = COLUMNS[counter]
    columns: tuple[Any, ...] = (literal(counter).label("counter"), SceneRow.id, SceneRow.begun_at, *COLUMNS)
    query = scope(select(*columns))
    if edge is not None:
        query = query.where(column <= edge.log, (column < edge.log) | (SceneRow.id > edge.id))
    return select(query.order_by(column.desc(), SceneRow.id).limit(page).subquery())
