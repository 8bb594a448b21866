"""The exact order by rate, from lists in the order of each counter: Fagin's threshold algorithm. Pure.

Whatever no list has shown yet has, in each counter, at most what the list showed last; and the rate rises with each
counter and falls with age. So nothing unseen is faster than the rate of those edges at age 0, and all that is faster
than that is in its place for good (Fagin, Lotem & Naor, *Optimal aggregation algorithms for middleware*, JCSS 2003).
"""

import heapq
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from uuid import UUID

from .rate import HALF_LIVES_S, rates

COUNTERS = range(len(HALF_LIVES_S))


class Entry(NamedTuple):
    """One thing of a list. ``begun_s``: Unix seconds; ``logs`` as ``rate.rates`` has them."""

    id: UUID
    begun_s: float
    logs: tuple[float, float, float]


class Edge(NamedTuple):
    """How far a list was read: the counter and the id of its last entry."""

    log: float
    id: UUID


class Ranked(NamedTuple):
    rate: float
    id: UUID


class Threshold:
    """Takes pages of three lists, each in falling order of one counter (then by id), and gives what is in its final
    place, the fastest first (then by id)."""

    def __init__(self, now_s: float) -> None:
        self.now_s = now_s
        self.edges: list[Edge | None] = [None for _ in COUNTERS]
        self.complete = False
        self._seen: set[UUID] = set()
        self._waiting: list[tuple[float, UUID]] = []

    def take(self, pages: Sequence[Sequence[Entry]], asked: int) -> None:
        """The next page of each list, where ``asked`` entries were asked for: one that has fewer is at its end, and
        then everything has been seen."""
        self._add({entry.id: entry for page in pages for entry in page if entry.id not in self._seen}.values())
        for counter, page in enumerate(pages):
            if page:
                self.edges[counter] = Edge(page[-1].logs[counter], page[-1].id)
            self.complete = self.complete or len(page) < asked

    def settled(self) -> Iterator[Ranked]:
        """What is faster than anything unseen, and was not given before."""
        bound = self._bound()
        while self._waiting and -self._waiting[0][0] > bound:
            negative, id = heapq.heappop(self._waiting)
            yield Ranked(-negative, id)

    def _add(self, entries: Iterable[Entry]) -> None:
        fresh = list(entries)
        if fresh:
            found = rates([entry.logs for entry in fresh], [self.now_s - entry.begun_s for entry in fresh], self.now_s)
            for entry, value in zip(fresh, found.tolist(), strict=True):
                self._seen.add(entry.id)
                heapq.heappush(self._waiting, (-value, entry.id))

    def _bound(self) -> float:
        if self.complete:
            return -math.inf
        edges = [edge.log if edge is not None else math.inf for edge in self.edges]
        return float(rates(edges, 0.0, self.now_s)[0])
