"""A writer of the event log: one connection that commits groups of batches.

The ``COPY`` assumes that every event is new. When one is not (somebody repeated a request whose answer was lost),
or when a batch is not acceptable, ``log/conflicts.py`` sorts the group out batch by batch. When the connection is lost,
the group is sent again: what had been committed after all is recognised by its id.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any

import psycopg
import structlog
from psycopg import errors

from groundswell.events.event import COPY
from groundswell.platform.copy_in import CopyIn
from groundswell.platform.database import Database
from groundswell.platform.problems import Problem, Unavailable
from groundswell.platform.telemetry import EVENTS

from .conflicts import Settlement, settle
from .partitions import ensure_days

log = structlog.get_logger(__name__)

RETRY_FOR_S = 20.0
RETRY_EVERY_S = 0.1
STALLED_AFTER_S = 15.0
"""A commit that takes longer has lost its connection without a word; it is sent again over another."""


@dataclass(slots=True)
class Batch:
    """Events that are committed together or not at all, as lines of COPY; ``answered`` is called once they are, with
    nothing, or with why they are not."""

    lines: bytes
    days: frozenset[date]
    kinds: Sequence[str]
    answered: Callable[[Problem | None], None]


class LogWriter:
    """Commits groups of batches, one after another, and answers each batch."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._days: set[date] = set()
        self._started = False

    async def commit_or_retry(self, group: list[Batch]) -> None:
        """Commit ``group``, waiting out a restart of the database.

        Raises:
            Unavailable: it did not come back in time.
        """
        deadline = asyncio.get_running_loop().time() + RETRY_FOR_S
        while True:
            try:
                async with asyncio.timeout(STALLED_AFTER_S):
                    await self._commit(group)
                return
            except (psycopg.OperationalError, psycopg.InterfaceError, OSError) as error:
                words = str(error).strip().split("\n", 1)[0] or type(error).__name__
                log.warning("event_writer_lost_database", error=words)
                await self.disconnect()
                if asyncio.get_running_loop().time() > deadline:
                    raise Unavailable("The database is away.", headers={"Retry-After": "2"}) from error
                await asyncio.sleep(RETRY_EVERY_S)

    def begin(self) -> None:
        """Let PostgreSQL make ready for a group that is still being gathered."""
        if self._connection is not None and not self._connection.closed and not self._copy.begun:
            with suppress(psycopg.Error):  # the commit will find so too, and connect again
                self._copy.begin()

    def send(self, batches: list[Batch]) -> bool:
        """Send the first batches of a group that is still being gathered; says whether that could be done."""
        return self._can_copy(batches) and self._copy.begun and self._copy.send(_joined(batches))

    def start(self, group: list[Batch], sent: int) -> None:
        """Send all of ``group`` but its first ``sent``, which are sent, if nothing stands in the way.
        ``commit_or_retry`` must follow, with the same."""
        rest = group[sent:]
        if self._can_copy(rest):
            with suppress(psycopg.Error):  # the commit will find so too, and connect again
                if not self._copy.begun:
                    self._copy.begin()
                self._copy.end(_joined(rest))
                self._started = True

    def _can_copy(self, batches: list[Batch]) -> bool:
        """Whether the connection is there, and the days of ``batches``."""
        return (
            self._connection is not None
            and not self._connection.closed
            and all(batch.days <= self._days for batch in batches)
        )

    async def disconnect(self) -> None:
        connection, self._connection, self._started = self._connection, None, False
        if connection is not None:
            self._copy.release()
            with suppress(psycopg.Error, OSError):
                await connection.close()

    async def _commit(self, group: list[Batch]) -> None:
        connection = await self._connect()
        days = frozenset().union(*[batch.days for batch in group])
        started, self._started = self._started, False
        try:
            if not started:
                await self._stand_back()
                if not days <= self._days:
                    await ensure_days(connection, days)
                    self._days |= days
                self._copy.begin()
                self._copy.end(_joined(group))
            await self._copy.committed()
        except (errors.IntegrityError, errors.DataError) as error:
            self._days.clear()  # perhaps a partition has been dropped
            log.info("event_group_settled", batches=len(group), reason=type(error).__name__)
            self._copy.release()
            await ensure_days(connection, days)
            answer(group, await settle(connection, [batch.lines for batch in group]))
            return
        answer(group, [None] * len(group))

    async def _stand_back(self) -> None:
        """Leave the connection to other statements; what has been sent and not committed never was."""
        if self._copy.begun:
            await self._copy.abandon()
        self._copy.release()

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None or self._connection.closed:
            await self.disconnect()
            self._connection = await self.database.connect(autocommit=True)
            self._copy = CopyIn(self._connection, COPY)
            self._days.clear()
        return self._connection


def _joined(batches: list[Batch]) -> bytes:
    return b"".join([batch.lines for batch in batches])


def answer(group: list[Batch], outcomes: Sequence[Settlement]) -> None:
    """Tell those who wait that their batch is committed, or why it is not."""
    committed = [batch for batch, refusal in zip(group, outcomes, strict=True) if refusal is None]
    for kind, number in Counter(chain.from_iterable([batch.kinds for batch in committed])).items():
        EVENTS.labels(kind).inc(number)
    for batch, refusal in zip(group, outcomes, strict=True):
        _tell(batch, refusal)


def refuse(group: list[Batch], problem: Problem) -> None:
    """Tell all of ``group`` why they are not committed."""
    for batch in group:
        _tell(batch, problem)


def _tell(batch: Batch, refusal: Problem | None) -> None:
    try:
        batch.answered(refusal)
    except Exception:  # one who cannot be answered is no reason to leave the others without an answer
        log.exception("event_sender_not_answered")
