"""Reactions as many as come: whoever waits is served by the next commit, as clicks are (``EventLog``).

All that arrived during one commit are written by one statement in the next, and those that are the first of their
person are logged with it, in the same transaction. That a person has one is the table's key; whoever sends two at once
has changed their mind. What is sent again, because nobody knew whether the commit had come to pass, changes nothing.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.events.event import Event
from groundswell.events.log.event_log import record
from groundswell.platform.database import Database
from groundswell.platform.problems import Problem, Unavailable

log = structlog.get_logger(__name__)

GROUP_MAX = 2_000
BACKLOG_MAX = 20_000
RETRY_FOR_S, RETRY_EVERY_S = 20.0, 0.1
UNSTORABLE = (IntegrityError, DataError, psycopg.IntegrityError, psycopg.DataError)
"""As the session says it, or the driver (an event that is copied)."""

TAKE = text(
    """
    INSERT INTO reactions (moment_id, reactor, viewer_id, kind, at_us, verdict, event_at, event_id, created_at)
    SELECT * FROM unnest(
        CAST(:moment_id AS uuid[]), CAST(:reactor AS text[]), CAST(:viewer_id AS uuid[]), CAST(:kind AS text[]),
        CAST(:at_us AS bigint[]), CAST(:verdict AS text[]), CAST(:event_at AS timestamptz[]),
        CAST(:event_id AS uuid[]), CAST(:created_at AS timestamptz[])
    )
    ON CONFLICT (moment_id, reactor) DO UPDATE SET kind = excluded.kind, at_us = excluded.at_us
    RETURNING event_id, xmax = 0 AS made
    """
)


class ReactionsBacklogged(Problem):
    status, code, title = 503, "reactions_backlogged", "Too many reactions are waiting to be committed; try again."


class NewReaction(NamedTuple):
    """What somebody feels: the columns of its row, and as what it is logged if it is their first about the moment."""

    row: dict[str, Any]
    event: Event

    @property
    def key(self) -> tuple[UUID, str]:
        """Of whom there is one: the moment, and who reacts."""
        return self.row["moment_id"], self.row["reactor"]

    def changed_to(self, later: "NewReaction") -> "NewReaction":
        """The same, when its person has changed their mind before it was written."""
        return NewReaction(self.row | {"kind": later.row["kind"], "at_us": later.row["at_us"]}, self.event)


Waiting = tuple[NewReaction, "asyncio.Future[bool]"]


class ReactionLog:
    """Takes reactions in for this process. Use within ``running``."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._waiting: list[Waiting] = []
        self._come = asyncio.Event()
        self._closing = False

    async def take(self, reaction: NewReaction) -> bool:
        """Return when ``reaction`` is committed: whether it is the first of its person.

        Raises:
            ReactionsBacklogged: too many are waiting.
            Unavailable: the database did not come back in time; the same call can be repeated safely.
        """
        if len(self._waiting) >= BACKLOG_MAX or self._closing:
            raise ReactionsBacklogged(headers={"Retry-After": "1"})
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((reaction, done))
        self._come.set()
        return await done

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
                _refuse(group, error)
                return
            log.info("reactions_settled", reactions=len(group), reason=type(error).__name__)
            for each in group:
                await self._settle([each])
        except Exception as error:
            log.exception("reactions_not_committed", reactions=len(group))
            _refuse(group, error if isinstance(error, Problem) else Unavailable(type(error).__name__))
        else:
            for reaction, done in group:
                if not done.done():  # else nobody waits any more
                    done.set_result(reaction.event.id in firsts)

    async def _commit_or_retry(self, reactions: list[NewReaction]) -> set[UUID]:
        """Commit all of them, waiting out a restart of the database; returns the events of first ones."""
        deadline = time.monotonic() + RETRY_FOR_S
        while True:
            try:
                async with self.database.transaction() as session:
                    return await write(session, *reactions)
            except UNSTORABLE:
                raise
            except (DBAPIError, psycopg.OperationalError, psycopg.InterfaceError, OSError) as error:
                log.warning("reactions_lost_database", error=type(error).__name__)
                if time.monotonic() > deadline:
                    raise Unavailable("The database is away.", headers={"Retry-After": "2"}) from error
                await asyncio.sleep(RETRY_EVERY_S)


async def write(session: AsyncSession, *reactions: NewReaction) -> set[UUID]:
    """Write ``reactions`` in the caller's transaction, and log those that are their person's first: their events."""
    by_key: dict[tuple[UUID, str], NewReaction] = {}
    for each in reactions:
        known = by_key.get(each.key)
        by_key[each.key] = each if known is None else known.changed_to(each)
    ordered = [by_key[key] for key in sorted(by_key)]  # two processes that lock the same rows do so in one order
    columns = {name: [each.row[name] for each in ordered] for name in ordered[0].row}
    made = {id for id, made in await session.execute(TAKE, columns) if made}
    firsts = [each.event for each in ordered if each.event.id in made]
    await record(session, *firsts)
    return {event.id for event in firsts}


def _refuse(group: list[Waiting], error: BaseException) -> None:
    for _, done in group:
        if not done.done():
            done.set_exception(error)
