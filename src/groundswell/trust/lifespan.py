"""Asks now and then for licences that have ended to be recorded, for time passes without announcing itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

from groundswell.platform.database import Database
from groundswell.platform.runtime import Runtime

from .jobs import soon

log = structlog.get_logger(__name__)

EVERY_S = 60.0


@asynccontextmanager
async def lifespan(app: FastAPI, runtime: Runtime) -> AsyncIterator[None]:
    """Keep asking while the server runs; several servers ask for one recording between them."""
    asking = asyncio.create_task(keep_asking(runtime.database))
    try:
        yield
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def keep_asking(database: Database) -> None:
    while True:
        await asyncio.sleep(EVERY_S)
        try:
            async with database.transaction() as session:
                await soon(session)
        except (SQLAlchemyError, OSError) as error:
            log.warning("lapses_not_asked_for", error=str(error).split("\n", 1)[0])
