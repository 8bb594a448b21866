"""Asks for a refresh now and then, for the plays and clicks that announce themselves to nobody; at the start, whether
all lines are searched."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from groundswell.platform.database import Database
from groundswell.platform.repeat import repeating
from groundswell.platform.services import Services

from .jobs import index_soon, soon

EVERY_S = 30.0


@asynccontextmanager
async def lifespan(services: Services) -> AsyncIterator[None]:
    """Keep asking while the server runs; several servers ask for one refresh between them."""
    async with services.database.transaction() as session:
        await index_soon(session)
    async with repeating("discovery.refresh", EVERY_S, lambda: ask(services.database), at_once=False):
        yield


async def ask(database: Database) -> None:
    async with database.transaction() as session:
        await soon(session)
