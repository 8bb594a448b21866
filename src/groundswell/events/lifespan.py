"""What the events room runs while the process serves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext, suppress
from datetime import timedelta
from typing import Any

import psycopg
import structlog
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

from groundswell.platform.clock import utc_now
from groundswell.platform.runtime import Runtime

from .callers import Callers
from .destinations import Destination, Destinations
from .log import EventLog
from .memory import Memory, listening
from .partitions import days_ahead, ensure_days
from .receiving import Receiving
from .redirect import Redirects
from .references import References
from .retention import drop_old_days
from .sealing_process import sealing
from .visitors import KEEP, Visitors

log = structlog.get_logger(__name__)

KEEP_HOUSE_EVERY_S = 600.0
LANDING_PAGES_KEPT = 2_000
"""Some ten kilobytes each."""

LINKS_LAST_S = 900.0
"""Long, since whatever changes them is announced or has its hour; each look-up costs as much as a hundred clicks."""


@asynccontextmanager
async def lifespan(app: FastAPI, runtime: Runtime) -> AsyncIterator[None]:
    """The log's writer, the listener that keeps memories true, housekeeping, and (with the worker) sealing."""
    settings, database = runtime.settings, runtime.database
    visitors, keys, links = Visitors(database), Memory[frozenset[str]](), Memory[Destination](lasts_s=LINKS_LAST_S)
    pages = Memory[Any](LANDING_PAGES_KEPT)
    await keep_house(runtime, visitors)
    async with AsyncExitStack() as stack:
        event_log = await stack.enter_async_context(EventLog(database, settings.event_backlog_max).running())
        listener = await stack.enter_async_context(listening(database, keys, links, pages))
        app.state.changes_heard = listener.caught_up
        app.state.landing_pages = pages
        app.state.event_log, app.state.visitors = event_log, visitors
        destinations = Destinations(database, settings, links)
        app.state.redirects = Redirects(settings, event_log, visitors, destinations)
        callers = Callers(database, visitors, keys)
        references = References(database, settings.secret, settings.jwt_issuer)
        app.state.receiving = Receiving(settings, event_log, callers, references, visitors)
        housekeeper = asyncio.create_task(_keep_keeping_house(runtime, visitors))
        background = sealing(runtime) if settings.worker_in_server else nullcontext()
        try:
            async with background:
                yield
        finally:
            housekeeper.cancel()
            await asyncio.gather(housekeeper, return_exceptions=True)


async def keep_house(runtime: Runtime, visitors: Visitors) -> None:
    """Make the partitions and salts of the days to come; let go of days long gone, and of the salts of past days."""
    async with await runtime.database.connect(autocommit=True) as connection:
        await ensure_days(connection, days_ahead())
        now = utc_now()
        await drop_old_days(connection, runtime.settings, now.date())
    for at in (now, now + timedelta(days=1)):
        await visitors.prepare(at)
    await visitors.forget(now - KEEP)


async def _keep_keeping_house(runtime: Runtime, visitors: Visitors) -> None:
    while True:
        await asyncio.sleep(KEEP_HOUSE_EVERY_S)
        with suppress(psycopg.Error, SQLAlchemyError, OSError):
            await keep_house(runtime, visitors)
