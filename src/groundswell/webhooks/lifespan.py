"""Has delivered what is due, every second: messages are written by whoever does something, and announce nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from groundswell.platform.database import Database
from groundswell.platform.repeat import repeating
from groundswell.platform.services import Services

from .jobs import queue_due

EVERY_S = 1.0


@asynccontextmanager
async def lifespan(services: Services) -> AsyncIterator[None]:
    """Keep asking while the server runs; several servers ask for one delivery between them."""
    async with repeating("webhooks.queue_due", EVERY_S, lambda: ask(services.database), at_once=False):
        yield


async def ask(database: Database) -> None:
    async with database.transaction() as session:
        await queue_due(session)
