"""A million votes in one day for one moment: what a refresh costs must not grow with what is already counted.

Votes are events in the log, each by another visitor, read and gathered as the jobs do it. At each of some numbers of
votes already counted, single votes come and are counted one after another: the seconds that PostgreSQL worked for a
refresh (its own statements' clock), and by the clock. Counting what came between is timed too, a vote at a time.
"""

import os
import statistics
import time
from uuid import UUID

from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import text

from bench.harness import Bench
from bench.scale import HOTTEST, turn, vote
from bench.worlds import World, world
from groundswell.discovery import refresh
from groundswell.events.log.event_log import record

SIZE = float(os.environ.get("BENCH_SIZE", "0.01"))
COUNTED = tuple(int(votes) for votes in os.environ.get("BENCH_VOTES", "1000 10000 100000 1000000").split())
"""For a machine with less time: ``BENCH_VOTES="1000 100000"``."""

CALLS = 60
BATCH = 5_000
GOAL_MS = 50.0


class DatabaseClock:
    """Milliseconds that statements took in the database, as the driver waited for them."""

    def __init__(self, there: World) -> None:
        self.taken = 0.0
        self._began = 0.0
        engine = there.runtime.database.engine.sync_engine
        sqlalchemy_event.listen(engine, "before_cursor_execute", self._begin)
        sqlalchemy_event.listen(engine, "after_cursor_execute", self._end)

    def _begin(self, *_: object) -> None:
        self._began = time.perf_counter()

    def _end(self, *_: object) -> None:
        self.taken += 1e3 * (time.perf_counter() - self._began)


async def run(bench: Bench) -> None:
    bench.plotted = "ms"
    p95: dict[int, float] = {}
    async with world(SIZE) as there:
        clock, moment, had = DatabaseClock(there), await first_moment(there), 0
        await count(there)
        for votes in COUNTED:
            began = time.perf_counter()
            await pour(there, moment, votes - had)
            poured = time.perf_counter()
            await count(there)
            counting = time.perf_counter() - poured
            bench.note(f"{votes:,} votes: written in {poured - began:,.1f} s, counted in {counting:,.1f} s")
            bench.measure(f"counting one of many, up to {votes:,}", 1e3 * counting / (votes - had), "ms a vote")
            p95[votes] = await refreshes(bench, there, clock, moment, votes)
            had = votes + CALLS + 5
        least, most = p95[COUNTED[0]], p95[COUNTED[-1]]
        name = f"p95 of the database, {COUNTED[-1]:,} / {COUNTED[0]:,} votes"
        bench.measure(name, most / least, "ratio", 2, at_most=True)


async def first_moment(there: World) -> UUID:
    async with there.runtime.database.transaction() as session:
        query = text("SELECT id FROM moments WHERE title_id = :title ORDER BY code LIMIT 1")
        found: UUID = (await session.execute(query, {"title": HOTTEST})).scalar_one()
        return found


async def pour(there: World, moment: UUID, votes: int) -> None:
    """So many votes of people for one moment, into the log."""
    for begin in range(0, votes, BATCH):
        async with there.runtime.database.transaction() as session:
            await record(session, *(vote(moment, HOTTEST) for _ in range(min(BATCH, votes - begin))))


async def count(there: World) -> None:
    """All that is new in the log, and all that changed of the title."""
    async with there.runtime.database.transaction() as session:
        await refresh.count(session)
    while await turn(there, HOTTEST) is not None:
        pass


async def refreshes(bench: Bench, there: World, clock: DatabaseClock, moment: UUID, votes: int) -> float:
    """The 95th percentile of what one more vote costs in the database."""
    worked, waited = [], []
    for _ in range(CALLS + 5):
        async with there.runtime.database.transaction() as session:
            await record(session, vote(moment, HOTTEST))
        before, began = clock.taken, time.perf_counter()
        await count(there)
        worked.append(clock.taken - before)
        waited.append(1e3 * (time.perf_counter() - began))
    p95 = statistics.quantiles(worked[5:], n=20)[-1]
    bench.measure(f"p95 of the database for a refresh, {votes:,} votes counted", p95, "ms", GOAL_MS, at_most=True)
    bench.measure(f"p95 of a refresh, {votes:,} votes counted", statistics.quantiles(waited[5:], n=20)[-1], "ms")
    return p95
