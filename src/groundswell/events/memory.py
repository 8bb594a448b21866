"""Facts about links and keys kept in memory, and forgotten the moment they change.

Triggers announce changes on a PostgreSQL channel (see ``tables.WATCHED``); a listener drops what depended on them.
While nobody listens (the connection is lost), nothing is remembered at all. A fact also expires after a minute.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Hashable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any, Generic, TypeVar

import psycopg
import structlog

from groundswell.platform.database import Database

log = structlog.get_logger(__name__)

CHANNEL = "groundswell_links"
EXPIRES_S = 60.0
ENTRIES_MAX = 100_000
RECONNECT_S = 0.2

T = TypeVar("T")


class Memory(Generic[T]):
    """Facts by key, at most ``most``. Each may depend on ids; hearing of a change of one forgets the fact."""

    def __init__(self, most: int = ENTRIES_MAX) -> None:
        self.most = most
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
        self._facts[key] = (time.monotonic() + EXPIRES_S, fact)
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


@asynccontextmanager
async def listening(database: Database, *memories: Memory[Any]) -> AsyncIterator[None]:
    """Keep ``memories`` true for as long as the block lasts."""
    ready = asyncio.Event()
    listener = asyncio.create_task(_listen(database, memories, ready))
    await ready.wait()
    try:
        yield
    finally:
        listener.cancel()
        with suppress(asyncio.CancelledError):
            await listener


async def _listen(database: Database, memories: Iterable[Memory[Any]], ready: asyncio.Event) -> None:
    while True:
        try:
            async with await database.connect(autocommit=True) as connection:
                await connection.execute(f"LISTEN {CHANNEL}")
                for memory in memories:
                    memory.listening = True
                ready.set()
                async for notice in connection.notifies():
                    for memory in memories:
                        memory.hear(notice.payload)
        except (psycopg.Error, OSError) as error:
            log.warning("link_listener_lost_database", error=str(error).strip().split("\n", 1)[0])
        finally:
            for memory in memories:
                memory.listening = False
                memory.clear()
        await asyncio.sleep(RECONNECT_S)
