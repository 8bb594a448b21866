"""A moment's reactions as everybody sees them, counted once for all who ask at the same time.

Whoever has just reacted sees it counted: a count answers those who asked before it began, and whoever asks while it
runs is answered by the next. So one moment has one count at a time, however many look at it. Counting takes as long as
there are reactions: from ``KEPT_FROM`` on, a line is shown for ``AGES`` times as long as it took to count, so that a
hit costs no more of the database than its part; who was new meanwhile is counted in for themselves.
"""

import asyncio
import time
from dataclasses import dataclass, field
from uuid import UUID

from groundswell.moments.tables import Moment
from groundswell.platform.clock import US_PER_SECOND
from groundswell.platform.database import POOL, Database

from .reactions import ReactionLine, line_of

KEPT_FROM, KEPT_MAX, AGES = 1_000, 1_000, 20.0
"""Reactions below which a line is always counted, however slow the machine; moments whose lines are kept."""


@dataclass(frozen=True)
class CountedLine:
    """A line of many, until when it is shown (``time.monotonic``), and as those see it who were new meanwhile."""

    line: ReactionLine
    until: float
    seen_by_new: dict[tuple[str, int], ReactionLine] = field(default_factory=dict)

    def with_one_more(self, kind: str, at_us: int) -> ReactionLine:
        """The line for who has just felt ``kind``, made once for all who feel so about that second."""
        key = kind, at_us // US_PER_SECOND
        if key not in self.seen_by_new:
            self.seen_by_new[key] = self.line.with_one_more(kind, at_us)
        return self.seen_by_new[key]


class ReactionLines:
    """Counts for this process, as a visitor sees them who is kept apart from nobody."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._next: dict[UUID, asyncio.Task[ReactionLine]] = {}
        self._running: dict[UUID, asyncio.Task[ReactionLine]] = {}
        self._kept: dict[UUID, CountedLine] = {}

    async def of(self, moment: Moment, *, new: tuple[str, int] | None = None) -> ReactionLine:
        """The reactions to ``moment``, counted after this was asked, or not long before; ``new`` is what the one who
        asks has just felt for the first time, and at which second."""
        if (kept := self.kept(moment.id, new=new)) is not None:
            return kept
        return await asyncio.shield(self.counting(moment))

    def kept(self, moment_id: UUID, *, new: tuple[str, int] | None = None) -> ReactionLine | None:
        """The line as it was counted not long before, where there are many; ``new`` as for ``of``."""
        kept = self._kept.get(moment_id)
        if kept is None or kept.until <= time.monotonic():
            return None
        return kept.line if new is None else kept.with_one_more(*new)

    def counting(self, moment: Moment) -> "asyncio.Task[ReactionLine]":
        """The count that begins after this was asked. It is for all who wait: not to be cancelled."""
        counting = self._next.get(moment.id)
        if counting is None:
            counting = asyncio.create_task(self._count(moment, self._running.get(moment.id)))
            self._next[moment.id] = counting
        return counting

    async def _count(self, moment: Moment, before: "asyncio.Task[ReactionLine] | None") -> ReactionLine:
        POOL.set("background")  # in this task: those who wait may hold all connections of their own pool
        if before is not None:
            await asyncio.wait([before])
        this = self._running[moment.id] = self._next.pop(moment.id)
        try:
            async with self.database.transaction() as session:
                began = time.monotonic()
                line = await line_of(session, moment, None)
            self._keep(moment.id, line, time.monotonic() - began)
            return line
        finally:
            if self._running.get(moment.id) is this:
                del self._running[moment.id]

    def _keep(self, moment_id: UUID, line: ReactionLine, took_s: float) -> None:
        self._kept.pop(moment_id, None)
        if sum(line.counts.values()) >= KEPT_FROM:
            self._kept[moment_id] = CountedLine(line, time.monotonic() + AGES * took_s)
            if len(self._kept) > KEPT_MAX:
                del self._kept[next(iter(self._kept))]
