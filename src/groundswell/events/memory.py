"""Facts about links and keys kept in memory, and forgotten the moment they change.

Triggers announce changes on a PostgreSQL channel (see ``tables.WATCHED``); a listener drops what depended on them.
While nobody listens (the connection is lost), nothing is remembered at all. A fact also expires after a while; no two
at the same instant, or all that was learnt together would have to be looked up together.

An announcement takes a moment to arrive. Whoever changes something and has been answered may ask at once, so a request
that has committed a change is answered when this process has heard of it (``Listener.caught_up``).
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Hashable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from random import SystemRandom
from typing import Any, Generic, TypeVar

import psycopg
import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from groundswell.platform.database import Database
from groundswell.platform.ids import uuid7

log = structlog.get_logger(__name__)

CHANNEL = "groundswell_links"
LASTS_S = 60.0
ENTRIES_MAX = 100_000
RECONNECT_S = 0.2
CATCH_UP_S = 2.0
LISTENS_EVERY_S = 20.0

T = TypeVar("T")


class Memory(Generic[T]):
    """Facts by key, at most ``most``, each for ``lasts_s`` seconds at most. Each may depend on ids; hearing of a change
    of one forgets the fact."""

    def __init__(self, most: int = ENTRIES_MAX, lasts_s: float = LASTS_S) -> None:
        self.most, self.lasts_s = most, lasts_s
        self.age = 0
        self.listening = False
        self._facts: dict[Hashable, tuple[float, T]] = {}
        self._dependents: defaultdict[str, set[Hashable]] = defaultdict(set)

    def get(self, key: Hashable) -> T | None:
        kept = self._facts.get(key)
        return kept[1] if kept is not None and kept[0] > time.monotonic() else None

    def put(self, key: Hashable, fact: T, age: int, depends_on: Iterable[object] = ()) -> None:
        """Keep ``fact``, unless something was forgotten since ``age`` was read (before the fact was looked up)."""
        if age != self.age or not self.listening:
            return
        if len(self._facts) >= self.most:
            self.clear()
        self._facts[key] = (time.monotonic() + self.lasts_s * SystemRandom().uniform(0.5, 1), fact)
        for id in depends_on:
            self._dependents[str(id)].add(key)

    def forget(self, id: str) -> None:
        """Drop what depends on ``id``."""
        self.age += 1
        for key in self._dependents.pop(id, ()):
            self._facts.pop(key, None)

    def hear(self, changed: str) -> None:
        """A change was announced: of one id, or (empty) of anything."""
        if changed:
            self.forget(changed)
        else:
            self.clear()

    def clear(self) -> None:
        self.age += 1
        self._facts.clear()
        self._dependents.clear()


class Listener:
    """The connection that keeps ``memories`` true."""

    def __init__(self, database: Database, memories: Sequence[Memory[Any]]) -> None:
        self.database, self.memories = database, memories
        self.ready = asyncio.Event()
        self._echo = f"{CHANNEL}_{uuid7().hex}"
        self._called: dict[str, asyncio.Future[None]] = {}

    async def caught_up(self) -> None:
        """Return when every change that was committed before the call has been heard, or nothing is remembered.

        Announcements come in the order of their commits, so it is enough to make one and to wait for it.
        """
        if not any(memory.listening for memory in self.memories):
            return
        call, heard = uuid7().hex, asyncio.get_running_loop().create_future()
        self._called[call] = heard
        try:
            async with asyncio.timeout(CATCH_UP_S):
                async with self.database.transaction() as session:
                    await session.execute(select(func.pg_notify(self._echo, call)))
                await heard
        except (TimeoutError, SQLAlchemyError, psycopg.Error, OSError):
            self._forget_all()
        finally:
            del self._called[call]

    async def keep_trying(self) -> None:
        """Until cancelled: a connection that died in silence must not keep alive for long what has changed."""
        while True:
            await asyncio.sleep(LISTENS_EVERY_S)
            await self.caught_up()

    async def listen(self) -> None:
        """Until cancelled; connects again when the connection is lost."""
        while True:
            try:
                async with await self.database.connect(autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    await connection.execute(f"LISTEN {self._echo}")
                    for memory in self.memories:
                        memory.listening = True
                    self.ready.set()
                    async for notice in connection.notifies():
                        self._hear(notice)
            except (psycopg.Error, OSError) as error:
                log.warning("link_listener_lost_database", error=str(error).strip().split("\n", 1)[0])
            finally:
                for memory in self.memories:
                    memory.listening = False
                self._forget_all()
                for heard in self._called.values():
                    _done(heard)
            await asyncio.sleep(RECONNECT_S)

    def _hear(self, notice: psycopg.Notify) -> None:
        if notice.channel == CHANNEL:
            for memory in self.memories:
                memory.hear(notice.payload)
        elif (heard := self._called.get(notice.payload)) is not None:
            _done(heard)

    def _forget_all(self) -> None:
        for memory in self.memories:
            memory.clear()


def _done(heard: "asyncio.Future[None]") -> None:
    if not heard.done():
        heard.set_result(None)


@asynccontextmanager
async def listening(database: Database, *memories: Memory[Any]) -> AsyncIterator[Listener]:
    """Keep ``memories`` true for as long as the block lasts."""
    listener = Listener(database, memories)
    task = asyncio.create_task(listener.listen())
    await listener.ready.wait()
    trying = asyncio.create_task(listener.keep_trying())
    try:
        yield listener
    finally:
        for each in (trying, task):
            each.cancel()
            with suppress(asyncio.CancelledError):
                await each
