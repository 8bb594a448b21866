"""News of renditions, so that whoever waits for one need not ask the database again and again.

Whoever makes a rendition notifies (``NOTIFY renditions``) with the recipe's hash; one connection a process listens.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import structlog

from groundswell.platform.database import Database
from groundswell.platform.repeat import repeating

log = structlog.get_logger(__name__)

CHANNEL = "renditions"
RECONNECT_AFTER_S = 0.5


class Watch:
    """Wakes those who wait for a rendition in this process. Use within ``running``.

    Args:
        channel: what is listened to; its payloads name what has changed.
    """

    def __init__(self, database: Database, channel: str = CHANNEL) -> None:
        self.database, self.channel = database, channel
        self._waiting: dict[str, set[asyncio.Event]] = defaultdict(set)

    @contextmanager
    def of(self, recipe_hash: str) -> Iterator[asyncio.Event]:
        """An event that is set at every change of one rendition, for as long as the block lasts."""
        changed = asyncio.Event()
        self._waiting[recipe_hash].add(changed)
        try:
            yield changed
        finally:
            self._waiting[recipe_hash].discard(changed)
            if not self._waiting[recipe_hash]:
                del self._waiting[recipe_hash]

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Watch"]:
        """Listen for as long as the block lasts."""
        async with repeating(f"listen.{self.channel}", RECONNECT_AFTER_S, self._listen):
            yield self

    async def _listen(self) -> None:
        async with await self.database.connect(autocommit=True) as connection:
            await connection.execute(f"LISTEN {self.channel}".encode())
            self._wake(*self._waiting)  # something may have happened while nobody listened
            async for news in connection.notifies():
                self._wake(news.payload)

    def _wake(self, *recipe_hashes: str) -> None:
        for recipe_hash in recipe_hashes:
            for changed in self._waiting.get(recipe_hash, ()):
                changed.set()
