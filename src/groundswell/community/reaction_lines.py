"""A moment's reactions as everybody sees them, counted once for all who ask at the same time.

Whoever has just reacted sees it counted: a count answers those who asked before it began, and whoever asks while it
runs is answered by the next. So one moment has one count at a time, however many look at it. Counting takes as long as
there are reactions: what took longer than ``LONG_S`` is shown for ``AGES`` times as long as it took, so that a hit
costs no more of the database than its part; who was new meanwhile is counted in for themselves.
"""

import asyncio
import time
from dataclasses import dataclass
from uuid import UUID

from groundswell.moments.tables import Moment
from groundswell.platform.database import POOL, Database

from .reactions import ReactionLine, line_of

LONG_S, AGES = 0.05, 20.0
KEPT_FROM, KEPT_MAX = 1_000, 1_000
"""Reactions below which a line is always counted, however slow the machine; moments whose lines are kept."""


@dataclass(frozen=True)
class CountedLine:
    """A line that took long to count, until when it is shown (``time.monotonic``)."""

    line: ReactionLine
    until: float


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
        if (kept := self.kept(moment.id)) is not None:
            return kept if new is None else kept.with_one_more(*new)
        counting = self._next.get(moment.id)
        if counting is None:
            counting = asyncio.create_task(self._count(moment, self._running.get(moment.id)))
            self._next[moment.id] = counting
        return await asyncio.shield(counting)

    def kept(self, moment_id: UUID) -> ReactionLine | None:
        """The line as it was counted not long before, where counting takes long."""
        kept = self._kept.get(moment_id)
        return kept.line if kept is not None and kept.until > time.monotonic() else None

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
        if took_s >= LONG_S and sum(line.counts.values()) >= KEPT_FROM:
            self._kept[moment_id] = CountedLine(line, time.monotonic() + AGES * took_s)
            if len(self._kept) > KEPT_MAX:
                del self._kept[next(iter(self._kept))]
