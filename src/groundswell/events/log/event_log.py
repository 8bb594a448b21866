"""The event log: many callers, one commit.

Everybody who waits is served by the next commit: the writer takes all waiting batches, copies them in one transaction
and acknowledges them when PostgreSQL has committed, so the cost of a commit is shared by as many as arrive during the
one before. A batch is all or nothing.

Callers who have just been answered often come back at once. So the writer waits for those who are about, for at most
half the time that a commit takes: without this it would set off with the first who comes, and many small commits would
cost more than a few large ones (the same thought as PostgreSQL's ``commit_delay``). Nobody stands still meanwhile: what
is there is sent already, and PostgreSQL has stored it when the last ones come.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial

import psycopg
import structlog
from psycopg import sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from groundswell.events.event import Event, day_of
from groundswell.events.tables import LoggedEvent
from groundswell.platform.database import Database, driver_connection
from groundswell.platform.problems import Problem, Unavailable

from .conflicts import settle, stage
from .partitions import days_ahead, ensure_days, missing_days, partition
from .writer import Batch, LogWriter, refuse

log = structlog.get_logger(__name__)

GROUP_MAX = 20_000
GATHER_MAX_S = 0.005
COPIED_FROM = 8  # events written with others in one transaction: fewer are quicker by a statement
SENT_TOGETHER = 16  # events: fewer cost more to send than is gained by sending them early


class Backlogged(Problem):
    status, code, title = 503, "events_backlogged", "Too many events are waiting to be committed; try again."


class EventLog:
    """Appends events for this process. Use within ``running``.

    Args:
        backlog_max: events waiting for commit beyond which callers are refused.
    """

    def __init__(self, database: Database, backlog_max: int) -> None:
        self.database = database
        self.backlog_max = backlog_max
        self._writer = LogWriter(database)
        self._waiting: list[Batch] = []
        self._unanswered_events = 0
        self._unanswered_batches = 0
        self._gathering: Gathering | None = None
        self._closing = False
        self._expected = 1
        self._commit_s = 0.0

    async def append(self, *events: Event) -> None:
        """Return when ``events`` are committed, all of them; those that were there already stay as they are.

        Raises:
            Backlogged: too much is waiting.
            EventConflict: an event of this id and instant is there with other content.
            Unavailable: the database did not come back in time; the events may or may not be there, and the same
                call can be repeated safely.
        """
        if events:
            days = frozenset({day_of(event.at) for event in events})
            await self.submit("".join([event.line() for event in events]), days, [event.kind for event in events])

    async def submit(self, lines: str, days: frozenset[date], kinds: Sequence[str]) -> None:
        """``append`` for callers that have written the lines of COPY themselves."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.queue(lines, days, kinds, partial(_settle, done))
        await done

    def queue(
        self, lines: str, days: frozenset[date], kinds: Sequence[str], answered: Callable[[Problem | None], None]
    ) -> None:
        """``submit`` for callers that do not wait: ``answered`` is called when all is committed, or with what
        ``append`` would raise, and should not raise itself. Raises ``Backlogged`` at once."""
        if self._unanswered_events + len(kinds) > self.backlog_max:
            raise Backlogged(headers={"Retry-After": "1"})
        self._waiting.append(Batch(lines.encode(), days, kinds, answered))
        self._unanswered_events += len(kinds)
        self._unanswered_batches += 1
        if self._gathering is not None:
            self._gathering.unsent_events += len(kinds)
            self._set_off_when_due()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["EventLog"]:
        """Write for as long as the block lasts; what waits at its end is still committed."""
        writing = asyncio.create_task(self._write())
        try:
            yield self
        finally:
            self._closing = True
            self._set_off_when_due()
            await asyncio.gather(writing, return_exceptions=True)

    async def _write(self) -> None:
        while group := await self._next_group():
            began = time.perf_counter()
            try:
                await self._writer.commit_or_retry(group)
                self._commit_s = 0.8 * self._commit_s + 0.2 * (time.perf_counter() - began)
            except Exception as error:
                log.exception("events_not_committed", batches=len(group))
                refuse(group, error if isinstance(error, Problem) else Unavailable(str(error)))
            finally:
                self._expected = self._unanswered_batches
                self._unanswered_batches -= len(group)
                self._unanswered_events -= sum([len(batch.kinds) for batch in group])
        await self._writer.disconnect()

    async def _next_group(self) -> list[Batch]:
        """What is to be committed next, already on its way if it can be; nothing when it is time to end."""
        self._gathering = gathering = Gathering(asyncio.get_running_loop().create_future())
        self._set_off_when_due()
        return await gathering.group

    def _set_off_when_due(self) -> None:
        """Give the writer its group when all who are expected are here; else give others a moment to come."""
        gathering = self._gathering
        if gathering is None:
            return
        if self._closing or len(self._waiting) >= self._expected:
            self._set_off(gathering)
        elif gathering.until is not None:
            if gathering.unsent_events >= SENT_TOGETHER:
                self._send_early(gathering)
        elif self._waiting:
            self._writer.begin()
            patience = min(GATHER_MAX_S, self._commit_s / 2)
            gathering.until = asyncio.get_running_loop().call_later(patience, self._set_off, gathering)

    def _send_early(self, gathering: "Gathering") -> None:
        unsent = self._waiting[gathering.sent :]
        if self._writer.send(unsent):
            gathering.sent, gathering.unsent_events = gathering.sent + len(unsent), 0

    def _set_off(self, gathering: "Gathering") -> None:
        if gathering.until is not None:
            gathering.until.cancel()
        self._gathering = None
        group = self._take(gathering.sent)
        gathering.group.set_result(group)
        if group:
            self._writer.start(group, gathering.sent)

    def _take(self, sent: int) -> list[Batch]:
        """As many as one transaction should hold, and in any case those that have been sent."""
        taken, events = 0, 0
        for batch in self._waiting:
            if taken > sent and events + len(batch.kinds) > GROUP_MAX:
                break
            taken, events = taken + 1, events + len(batch.kinds)
        group, self._waiting = self._waiting[:taken], self._waiting[taken:]
        return group


@dataclass(slots=True)
class Gathering:
    """A group in the making, and until when it waits for others. Of those waiting, so many are ``sent``; those that
    came since hold so many ``unsent_events``."""

    group: "asyncio.Future[list[Batch]]"
    until: asyncio.TimerHandle | None = None
    sent: int = 0
    unsent_events: int = 0


def _settle(done: "asyncio.Future[None]", refusal: Problem | None) -> None:
    if done.done():  # nobody waits any more
        return
    if refusal is None:
        done.set_result(None)
    else:
        done.set_exception(refusal)


async def record(session: AsyncSession, *events: Event) -> None:
    """Write ``events`` in the caller's transaction: they are there if and when it commits. Repeats are ignored."""
    if not events:
        return
    await ensure_days_beside(session, {day_of(event.at) for event in events})
    if len(events) >= COPIED_FROM:
        lines = "".join([event.line() for event in events])
        await stage(await driver_connection(session), lines.encode())
        return
    rows = [event.row() for event in events]
    await session.execute(insert(LoggedEvent).on_conflict_do_nothing(), rows)


async def record_lines(session: AsyncSession, lines: str, days: frozenset[date]) -> None:
    """``record`` for callers that have written the lines of COPY themselves.

    Raises:
        EventConflict, Invalid: as ``EventLog.append``.
    """
    await ensure_days_beside(session, days)
    (refusal,) = await settle(await driver_connection(session), [lines.encode()])
    if refusal is not None:
        raise refusal


async def ensure_days_beside(session: AsyncSession, days: Iterable[date]) -> None:
    """Make ready for writing events of ``days`` in the caller's transaction: missing partitions are made on another
    connection, for made in that transaction, they would keep everybody else from that day's events until it ends."""
    connection, days = await driver_connection(session), set(days)
    if missing := await missing_days(connection, days):
        engine = session.bind
        assert isinstance(engine, AsyncEngine)
        async with engine.connect() as beside:
            raw = (await beside.get_raw_connection()).driver_connection
            assert isinstance(raw, psycopg.AsyncConnection)
            await ensure_days(raw, days)
            await raw.commit()
    # A backend that has written to the log in this transaction hears of other partitions only when it locks another
    # table: the partition itself, so that it is known by when a row is to go there.
    for day in (days - set(days_ahead())).union(missing):
        await connection.execute(sql.SQL("SELECT FROM {} LIMIT 0").format(sql.Identifier(partition(day))))
