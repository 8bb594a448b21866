"""Asks now and then for licences that have ended to be recorded, for time passes without announcing itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from groundswell.platform.database import Database
from groundswell.platform.repeat import repeating
from groundswell.platform.services import Services

from .jobs import soon

EVERY_S = 60.0


@asynccontextmanager
async def lifespan(services: Services) -> AsyncIterator[None]:
    """Keep asking while the server runs; several servers ask for one recording between them."""
    async with repeating("trust.record_lapses", EVERY_S, lambda: ask(services.database), at_once=False):
        yield


async def ask(database: Database) -> None:
    async with database.transaction() as session:
        await soon(session)
