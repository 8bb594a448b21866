"""A cache that PostgreSQL invalidates: facts about links and keys, dropped when a notification says that they changed.

Triggers announce changes on a PostgreSQL channel (see ``tables.WATCHED``); a listener drops what depended on them.
While nobody listens (the connection is lost), nothing is remembered at all. A fact also expires after a while; no two
at the same instant, or all that was learnt together would have to be looked up together.

An announcement takes a moment to arrive. Whoever changes something and has been answered may ask at once, so a request
that has committed a change is answered when this process has heard of it (``CacheListener.synchronize``).
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Hashable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Generic, NamedTuple, TypeVar

import psycopg
import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from .database import Database
from .ids import uuid7
from .repeat import repeating

log = structlog.get_logger(__name__)

CHANNEL = "groundswell_links"
LASTS_S = 60.0
BYTES_MAX = 64 * 1024 * 1024
FACT_BYTES = 640
"""Of a small fact: what is looked up, its key, and the ids on which it depends."""

GOLDEN = 0.618033988749895
"""Steps of the golden ratio, modulo 1, are as far from each other as steps can be."""

CHANGES_MAX = 10_000
RECONNECT_S = 0.2
CATCH_UP_S = 2.0
LISTENS_EVERY_S = 20.0

T = TypeVar("T")


class Fact(NamedTuple, Generic[T]):
    """What is kept under a key: until when (``time.monotonic``), about how many bytes, and on which ids it depends."""

    until: float
    fact: T
    size: int
    depends_on: tuple[str, ...]


class NotifiedCache(Generic[T]):
    """Facts by key, at most ``bytes_max`` together, each for ``lasts_s`` seconds at most; those that nobody asked for
    longest go first. Each may depend on ids; hearing of a change of one forgets the fact.

    Args:
        weigh: about how many bytes a fact takes, with its key.
    """

    def __init__(
        self, bytes_max: int = BYTES_MAX, lasts_s: float = LASTS_S, weigh: Callable[[T], int] = lambda fact: FACT_BYTES
    ) -> None:
        self.bytes_max, self.lasts_s, self.weigh = bytes_max, lasts_s, weigh
        self.generation = 0
        self.listening = False
        self.bytes = 0
        self._spread = 0.0
        self._facts: OrderedDict[Hashable, Fact[T]] = OrderedDict()
        self._dependents: dict[str, set[Hashable]] = {}
        self._changed: OrderedDict[str, int] = OrderedDict()
        self._all_changed = 0

    def get(self, key: Hashable) -> T | None:
        kept = self._facts.get(key)
        if kept is None or kept.until <= time.monotonic():
            return None
        self._facts.move_to_end(key)
        return kept.fact

    def put(self, key: Hashable, fact: T, generation: int, depends_on: Iterable[object] = ()) -> None:
        """Keep ``fact``, unless what it depends on changed since ``generation`` was read, before it was looked up."""
        ids = tuple([id if type(id) is str else str(id) for id in depends_on])
        if not self.listening or self._changed_since(generation, ids):
            return
        self._forget(key)
        size = self.weigh(fact)
        self._spread = (self._spread + GOLDEN) % 1.0
        until = time.monotonic() + self.lasts_s * (1 + self._spread) / 2
        self._facts[key] = Fact(until, fact, size, ids)
        self.bytes += size
        for id in ids:
            if (dependents := self._dependents.get(id)) is None:
                dependents = self._dependents[id] = set()
            dependents.add(key)
        while self.bytes > self.bytes_max and self._facts:
            self._forget(next(iter(self._facts)))

    def invalidate(self, id: str) -> None:
        """Drop what depends on ``id``."""
        self.generation += 1
        self._changed[id] = self.generation
        self._changed.move_to_end(id)
        if len(self._changed) > CHANGES_MAX:
            self._all_changed = self._changed.popitem(last=False)[1]
        for key in list(self._dependents.get(id, ())):
            self._forget(key)

    def on_notification(self, changed: str) -> None:
        """A change was announced: of one id, or (empty) of anything."""
        if changed:
            self.invalidate(changed)
        else:
            self.clear()

    def clear(self) -> None:
        self.generation += 1
        self._all_changed = self.generation
        self.bytes = 0
        for kept in (self._facts, self._dependents, self._changed):
            kept.clear()

    def _changed_since(self, generation: int, ids: Iterable[str]) -> bool:
        """Whether one of ``ids`` may have changed since; which changed long ago is not remembered."""
        if generation == self.generation:
            return False
        return self._all_changed > generation or any(self._changed.get(id, 0) > generation for id in ids)

    def _forget(self, key: Hashable) -> None:
        gone = self._facts.pop(key, None)
        if gone is None:
            return
        self.bytes -= gone.size
        for id in gone.depends_on:
            if (dependents := self._dependents.get(id)) is not None:
                dependents.discard(key)
                if not dependents:
                    del self._dependents[id]


class CacheListener:
    """The connection that keeps ``memories`` true."""

    def __init__(self, database: Database, memories: Sequence[NotifiedCache[Any]]) -> None:
        self.database, self.memories = database, list(memories)
        self.ready = asyncio.Event()
        self._echo = f"{CHANNEL}_{uuid7().hex}"
        self._called: dict[str, asyncio.Future[None]] = {}

    def add(self, memory: NotifiedCache[Any]) -> None:
        """Keep one more memory true from now on."""
        memory.listening = any(each.listening for each in self.memories)
        self.memories.append(memory)

    async def synchronize(self) -> None:
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

    async def listen(self) -> None:
        """Listen until the connection is lost."""
        try:
            async with await self.database.connect(autocommit=True) as connection:
                await connection.execute(f"LISTEN {CHANNEL}")
                await connection.execute(f"LISTEN {self._echo}")
                for memory in self.memories:
                    memory.listening = True
                self.ready.set()
                async for notice in connection.notifies():
                    self._hear(notice)
        finally:
            for memory in self.memories:
                memory.listening = False
            self._forget_all()
            for heard in self._called.values():
                _done(heard)

    def _hear(self, notice: psycopg.Notify) -> None:
        if notice.channel == CHANNEL:
            for memory in self.memories:
                memory.on_notification(notice.payload)
        elif (heard := self._called.get(notice.payload)) is not None:
            _done(heard)

    def _forget_all(self) -> None:
        for memory in self.memories:
            memory.clear()


def _done(heard: "asyncio.Future[None]") -> None:
    if not heard.done():
        heard.set_result(None)


@asynccontextmanager
async def listening(database: Database, *memories: NotifiedCache[Any]) -> AsyncIterator[CacheListener]:
    """Keep ``memories`` true for as long as the block lasts."""
    listener = CacheListener(database, memories)
    async with repeating("cache.listen", RECONNECT_S, listener.listen):
        await listener.ready.wait()
        # A connection that died in silence must not keep alive for long what has changed.
        async with repeating("cache.synchronize", LISTENS_EVERY_S, listener.synchronize, at_once=False):
            yield listener
