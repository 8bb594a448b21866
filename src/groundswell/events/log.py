"""The event log's writer: many callers, one commit.

Everybody who waits is served by the next commit. One task a process takes all waiting batches, sends them in one
``COPY`` and acknowledges them when PostgreSQL has committed: the cost of a commit is shared by as many as arrive
during the one before. A batch is all or nothing.

Callers who have just been answered often come back at once. So after a commit the writer waits for as many as there
were before, for at most half the time that a commit takes: without this, those who come and those who wait would take
turns, each group half as large as it could be (the same thought as PostgreSQL's ``commit_delay``).

The ``COPY`` assumes that every event is new. When one is not (somebody repeated a request whose answer was lost),
or when a batch is not acceptable, ``settling.py`` sorts the group out batch by batch. When the connection is lost,
the group is sent again: what had been committed after all is recognised by its id.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import psycopg
import structlog
from psycopg import errors
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from groundswell.platform.database import Database, driver_connection
from groundswell.platform.problems import Problem, Unavailable
from groundswell.platform.telemetry import EVENTS

from .event import COPY, Event, day_of
from .partitions import ensure_days, missing_days
from .settling import Settlement, settle
from .tables import LoggedEvent

log = structlog.get_logger(__name__)

GROUP_MAX = 20_000
GATHER_MAX_S = 0.005
RETRY_FOR_S = 20.0
RETRY_EVERY_S = 0.1


class Backlogged(Problem):
    status, code, title = 503, "events_backlogged", "Too many events are waiting to be committed; try again."


@dataclass(slots=True)
class Batch:
    """Events that are committed together or not at all, as lines of COPY."""

    lines: str
    days: frozenset[date]
    kinds: Sequence[str]
    done: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class EventLog:
    """Appends events for this process. Use within ``running``.

    Args:
        backlog_max: events waiting for commit beyond which callers are refused.
    """

    def __init__(self, database: Database, backlog_max: int) -> None:
        self.database = database
        self.backlog_max = backlog_max
        self._waiting: list[Batch] = []
        self._waiting_events = 0
        self._wake = asyncio.Event()
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._days: set[date] = set()
        self._closing = False
        self._expected = 0
        self._commit_s = 0.0
        self._gathered: asyncio.Future[None] | None = None

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
        if self._waiting_events + len(kinds) > self.backlog_max:
            raise Backlogged(headers={"Retry-After": "1"})
        batch = Batch(lines, days, kinds)
        self._waiting.append(batch)
        self._waiting_events += len(kinds)
        self._wake.set()
        if self._gathered is not None and len(self._waiting) >= self._expected and not self._gathered.done():
            self._gathered.set_result(None)
        await batch.done

    @asynccontextmanager
    async def running(self) -> AsyncIterator["EventLog"]:
        """Write for as long as the block lasts; what waits at its end is still committed."""
        writer = asyncio.create_task(self._write())
        try:
            yield self
        finally:
            self._closing = True
            self._wake.set()
            await asyncio.gather(writer, return_exceptions=True)
            await self._disconnect()

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            await self._gather()
            group = self._take()
            if self._closing and not group:
                return
            began = time.perf_counter()
            try:
                await self._commit_or_retry(group)
                self._commit_s = 0.8 * self._commit_s + 0.2 * (time.perf_counter() - began)
            except Exception as error:
                log.exception("events_not_committed", batches=len(group))
                _refuse(group, error if isinstance(error, Problem) else Unavailable(str(error)))
            finally:
                self._waiting_events -= sum(len(batch.kinds) for batch in group)
                self._expected = len(group) + len(self._waiting)

    async def _gather(self) -> None:
        """Give those who were answered last a moment to come back."""
        if len(self._waiting) >= self._expected or self._closing:
            return
        loop = asyncio.get_running_loop()
        self._gathered = loop.create_future()
        timer = loop.call_later(min(GATHER_MAX_S, self._commit_s / 2), _finish, self._gathered)
        await self._gathered
        timer.cancel()
        self._gathered = None

    def _take(self) -> list[Batch]:
        taken, events = 0, 0
        for batch in self._waiting:
            if taken and events + len(batch.kinds) > GROUP_MAX:
                break
            taken, events = taken + 1, events + len(batch.kinds)
        group, self._waiting = self._waiting[:taken], self._waiting[taken:]
        if not self._waiting and not self._closing:
            self._wake.clear()
        return group

    async def _commit_or_retry(self, group: list[Batch]) -> None:
        deadline = asyncio.get_running_loop().time() + RETRY_FOR_S
        while True:
            try:
                await self._commit(group)
                return
            except (psycopg.OperationalError, psycopg.InterfaceError, OSError) as error:
                log.warning("event_writer_lost_database", error=str(error).strip().split("\n", 1)[0])
                await self._disconnect()
                if asyncio.get_running_loop().time() > deadline:
                    raise Unavailable("The database is away.", headers={"Retry-After": "2"}) from error
                await asyncio.sleep(RETRY_EVERY_S)

    async def _commit(self, group: list[Batch]) -> None:
        connection = await self._connect()
        days = frozenset().union(*[batch.days for batch in group])
        if not days <= self._days:
            await ensure_days(connection, days)
            self._days |= days
        try:
            async with connection.cursor() as cursor, cursor.copy(COPY) as copy:
                await copy.write("".join([batch.lines for batch in group]))
        except (errors.IntegrityError, errors.DataError) as error:
            self._days.clear()  # perhaps a partition has been dropped
            log.info("event_group_settled_one_by_one", batches=len(group), reason=type(error).__name__)
            await ensure_days(connection, days)
            _answer(group, await settle(connection, [batch.lines for batch in group]))
            return
        _answer(group, [None] * len(group))

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = await self.database.connect(autocommit=True)
            self._days.clear()
        return self._connection

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error, OSError):
                await connection.close()


def _answer(group: list[Batch], outcomes: Sequence[Settlement]) -> None:
    for batch, refusal in zip(group, outcomes, strict=True):
        if refusal is None:
            for kind in batch.kinds:
                EVENTS.labels(kind).inc()
            if not batch.done.done():
                batch.done.set_result(None)
        else:
            _refuse([batch], refusal)


def _finish(waiting: "asyncio.Future[None]") -> None:
    if not waiting.done():
        waiting.set_result(None)


def _refuse(group: list[Batch], problem: Problem) -> None:
    for batch in group:
        if not batch.done.done():
            batch.done.set_exception(problem)


async def record(session: AsyncSession, *events: Event) -> None:
    """Write ``events`` in the caller's transaction: they are there if and when it commits. Repeats are ignored."""
    if not events:
        return
    await _ensure_days_beside(session, {day_of(event.at) for event in events})
    rows = [event.row() for event in events]
    await session.execute(insert(LoggedEvent).on_conflict_do_nothing(), rows)


async def record_lines(session: AsyncSession, lines: str, days: frozenset[date]) -> None:
    """``record`` for callers that have written the lines of COPY themselves.

    Raises:
        EventConflict, Invalid: as ``EventLog.append``.
    """
    await _ensure_days_beside(session, days)
    (refusal,) = await settle(await driver_connection(session), [lines])
    if refusal is not None:
        raise refusal


async def _ensure_days_beside(session: AsyncSession, days: Iterable[date]) -> None:
    """Make missing partitions on another connection: made in the caller's transaction, they would keep everybody
    else from that day's events until it ends."""
    if not await missing_days(await driver_connection(session), days):
        return
    engine = session.bind
    assert isinstance(engine, AsyncEngine)
    async with engine.connect() as beside:
        raw = (await beside.get_raw_connection()).driver_connection
        assert isinstance(raw, psycopg.AsyncConnection)
        await ensure_days(raw, days)
        await raw.commit()
