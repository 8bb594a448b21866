"""Asks for a refresh now and then, for the plays and clicks that announce themselves to nobody; at the start, whether
all lines are searched. Writes down what was searched for and not found."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from groundswell.platform.database import Database
from groundswell.platform.repeat import repeating
from groundswell.platform.services import Services

from .jobs import index_soon, soon
from .search.unfound import WRITTEN_EVERY_S, Misses

EVERY_S = 30.0


@asynccontextmanager
async def lifespan(services: Services) -> AsyncIterator[None]:
    """Keep asking while the server runs; several servers ask for one refresh between them."""
    async with services.database.transaction() as session:
        await index_soon(session)
    misses = Misses()
    services.add(misses)
    async with (
        repeating("discovery.refresh", EVERY_S, lambda: ask(services.database), at_once=False),
        repeating("discovery.misses", WRITTEN_EVERY_S, lambda: misses.write(services.database), at_once=False),
    ):
        yield


async def ask(database: Database) -> None:
    async with database.transaction() as session:
        await soon(session)
