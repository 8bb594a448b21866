"""Reactions as many as come: whoever waits is served by the next commit, as clicks are (``EventLog``).

All that arrived during one commit are written by one statement in the next, and those that are the first of their
person are logged with it, in the same transaction. That a person has one is the table's key; whoever sends two at once
has changed their mind. What is sent again, because nobody knew whether the commit had come to pass, changes nothing.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import date
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.events.event import Event, day_of
from groundswell.events.log.conflicts import insert_from
from groundswell.events.log.event_log import ensure_days_beside
from groundswell.events.log.partitions import ensure_days
from groundswell.events.tables import COLUMN_TYPES
from groundswell.platform.column_text import clean, column_text, rows_of
from groundswell.platform.database import Database, driver_connection
from groundswell.platform.problems import Invalid, Problem, Unavailable

log = structlog.get_logger(__name__)

GROUP_MAX = 2_000
BACKLOG_MAX = 20_000
RETRY_FOR_S, RETRY_EVERY_S = 20.0, 0.1
STALLED_AFTER_S = 15.0
"""A commit that takes longer has lost its connection without a word; it is sent again over another."""
UNSTORABLE = (psycopg.IntegrityError, psycopg.DataError)

_ROWS = {"reactor": "text", "felt": "text", "at_us": "bigint"} | COLUMN_TYPES
TAKE = f"""
    WITH given AS (SELECT * FROM {rows_of(_ROWS)}), taken AS (
        INSERT INTO reactions (moment_id, reactor, viewer_id, kind, at_us, verdict, event_at, event_id, created_at)
        SELECT moment_id, reactor, viewer_id, felt, at_us, verdict, at, id, now() FROM given
        ON CONFLICT (moment_id, reactor) DO UPDATE SET kind = excluded.kind, at_us = excluded.at_us
        RETURNING event_id, xmax = 0 AS made
    ), logged AS ({insert_from("given WHERE id IN (SELECT event_id FROM taken WHERE made)")})
    SELECT event_id FROM taken WHERE made
"""  # noqa: S608
"""All of a group, and the events of those who are new, in one statement."""


class ReactionsBacklogged(Problem):
    status, code, title = 503, "reactions_backlogged", "Too many reactions are waiting to be committed; try again."


class NewReaction(NamedTuple):
    """What somebody feels about a moment, and as what it is logged if it is their first about it."""

    moment_id: UUID
    reactor: str
    kind: str
    at_us: int
    event: Event

    @property
    def key(self) -> tuple[UUID, str]:
        """Of whom there is one: the moment, and who reacts."""
        return self.moment_id, self.reactor

    def changed_to(self, later: "NewReaction") -> "NewReaction":
        """The same, when its person has changed their mind before it was written."""
        return self._replace(kind=later.kind, at_us=later.at_us)

    def as_new(self) -> tuple[str, int] | None:
        """What it adds to a moment's reactions when it is the first of its person; None for a robot's."""
        return (self.kind, self.at_us) if self.event.verdict == "human" else None

    def texts(self) -> tuple[str | None, ...]:
        """The columns of ``TAKE``."""
        return (clean(self.reactor), self.kind, str(self.at_us), *self.event.texts())


Taken = Callable[[bool | Problem], None]
"""Called when a reaction is committed, with whether it is the first of its person; or with why it is not."""

Waiting = tuple[NewReaction, Taken]


class ReactionLog:
    """Takes reactions in for this process. Use within ``running``."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._days: set[date] = set()
        self._waiting: list[Waiting] = []
        self._come = asyncio.Event()
        self._closing = False

    async def take(self, reaction: NewReaction) -> bool:
        """Return when ``reaction`` is committed: whether it is the first of its person.

        Raises:
            ReactionsBacklogged: too many are waiting.
            Invalid: it cannot be stored: its moment is there no more, or a value is no column's.
            Unavailable: the database did not come back in time; the same call can be repeated safely.
        """
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.queue(reaction, partial(_settle, done))
        return await done

    def queue(self, reaction: NewReaction, taken: Taken) -> None:
        """``take`` for callers that do not wait: ``taken`` is called when ``reaction`` is committed, or with what
        ``take`` would raise, and should not raise itself. Raises ``ReactionsBacklogged`` at once."""
        if len(self._waiting) >= BACKLOG_MAX or self._closing:
            raise ReactionsBacklogged(headers={"Retry-After": "1"})
        self._waiting.append((reaction, taken))
        self._come.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["ReactionLog"]:
        """Write for as long as the block lasts; what waits at its end is still committed."""
        writing = asyncio.create_task(self._write())
        try:
            yield self
        finally:
            self._closing = True
            self._come.set()
            await writing
            await self._disconnect()

    async def _write(self) -> None:
        while not self._closing or self._waiting:
            await self._come.wait()
            group, self._waiting = self._waiting[:GROUP_MAX], self._waiting[GROUP_MAX:]
            if not self._waiting and not self._closing:
                self._come.clear()
            if group:
                await self._settle(group)

    async def _settle(self, group: list[Waiting]) -> None:
        """Commit ``group``; where one of it cannot be stored, each by itself, so that the others are."""
        try:
            firsts = await self._commit_or_retry([reaction for reaction, _ in group])
        except UNSTORABLE as error:
            if len(group) == 1:
                _tell_all(group, Invalid("It cannot be stored: " + str(error).split("\n", 1)[0]))
                return
            log.info("reactions_settled", reactions=len(group), reason=type(error).__name__)
            for each in group:
                await self._settle([each])
        except Exception as error:
            log.exception("reactions_not_committed", reactions=len(group))
            _tell_all(group, error if isinstance(error, Problem) else Unavailable(type(error).__name__))
        else:
            for reaction, taken in group:
                _tell(taken, reaction.event.id in firsts)

    async def _commit_or_retry(self, reactions: list[NewReaction]) -> set[UUID]:
        """Commit all of them, waiting out a restart of the database; returns the events of first ones."""
        deadline = time.monotonic() + RETRY_FOR_S
        while True:
            try:
                async with asyncio.timeout(STALLED_AFTER_S):
                    return await self._commit(reactions)
            except psycopg.errors.IntegrityError:
                self._days.clear()  # perhaps a partition has been dropped
                raise
            except UNSTORABLE:
                raise
            except (psycopg.OperationalError, psycopg.InterfaceError, OSError) as error:
                log.warning("reactions_lost_database", error=type(error).__name__)
                await self._disconnect()
                if time.monotonic() > deadline:
                    raise Unavailable("The database is away.", headers={"Retry-After": "2"}) from error
                await asyncio.sleep(RETRY_EVERY_S)

    async def _commit(self, reactions: list[NewReaction]) -> set[UUID]:
        if self._connection is None or self._connection.closed:
            await self._disconnect()
            self._connection = await self.database.connect(autocommit=True)
        days = days_of(reactions)
        if not days <= self._days:
            await ensure_days(self._connection, days)
            self._days |= days
        return await take(self._connection, reactions)

    async def _disconnect(self) -> None:
        connection, self._connection, self._days = self._connection, None, set()
        if connection is not None:
            with suppress(psycopg.Error, OSError):
                await connection.close()


async def write(session: AsyncSession, reaction: NewReaction) -> None:
    """Write ``reaction`` in the caller's transaction, and log it if it is its person's first."""
    await ensure_days_beside(session, days_of([reaction]))
    await take(await driver_connection(session), [reaction])


async def take(connection: psycopg.AsyncConnection[Any], reactions: list[NewReaction]) -> set[UUID]:
    """Write ``reactions``, and log those that are their person's first: their events. The days are there."""
    by_key: dict[tuple[UUID, str], NewReaction] = {}
    for each in reactions:
        known = by_key.get(each.key)
        by_key[each.key] = each if known is None else known.changed_to(each)
    ordered = [by_key[key] for key in sorted(by_key)]  # two processes that lock the same rows do so in one order
    columns = zip(*[each.texts() for each in ordered], strict=True)
    given = {name: column_text(column) for name, column in zip(_ROWS, columns, strict=True)}
    made = await connection.execute(TAKE, given)
    return {id for (id,) in await made.fetchall()}


def days_of(reactions: Iterable[NewReaction]) -> set[date]:
    """The days of what ``reactions`` would be logged as."""
    return {day_of(each.event.at) for each in reactions}


def _settle(done: "asyncio.Future[bool]", outcome: bool | Problem) -> None:
    if done.done():  # nobody waits any more
        return
    if isinstance(outcome, Problem):
        done.set_exception(outcome)
    else:
        done.set_result(outcome)


def _tell_all(group: list[Waiting], refusal: Problem) -> None:
    for _, taken in group:
        _tell(taken, refusal)


def _tell(taken: Taken, outcome: bool | Problem) -> None:
    try:
        taken(outcome)
    except Exception:  # one who cannot be answered is no reason to leave the others without an answer
        log.exception("reaction_not_answered")
