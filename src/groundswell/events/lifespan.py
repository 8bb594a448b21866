"""What events run while the process serves."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import psycopg
import structlog

from groundswell.accounts.key_uses import KeyUses
from groundswell.platform.clock import utc_now
from groundswell.platform.notified_cache import NotifiedCache, listening
from groundswell.platform.repeat import repeating
from groundswell.platform.routing import ChangesHeard
from groundswell.platform.runtime import Runtime
from groundswell.platform.services import Services
from groundswell.platform.trusted_clock import ClockDoubtful, has_believed, trusted_now

from .ingest.auth import Callers, KnownKey
from .ingest.handler import Receiving
from .ingest.limits import VisitLimits
from .lake.retention import drop_old_days
from .lake.sealer_process import sealing
from .log.event_log import EventLog
from .log.lookups import References
from .log.partitions import days_ahead, ensure_days
from .traffic.carriers import Carriers
from .traffic.visitors import KEEP, Visitors
from .visits.destinations import Destination, Destinations
from .visits.redirect import Redirects

log = structlog.get_logger(__name__)

KEEP_HOUSE_EVERY_S = 600.0
LINKS_LAST_S = 900.0
"""Long, since whatever changes them is announced or has its hour; each look-up costs as much as a hundred clicks."""


@asynccontextmanager
async def lifespan(services: Services) -> AsyncIterator[None]:
    """The log's writer, the listener that keeps memories true, housekeeping, and (with the worker) sealing."""
    runtime, settings, database = services.runtime, services.settings, services.database
    visitors = Visitors(database)
    keys, links = (
        NotifiedCache[KnownKey](),
        NotifiedCache[Destination](lasts_s=LINKS_LAST_S),
    )
    await run_maintenance(runtime, visitors)
    async with AsyncExitStack() as stack:
        event_log = await stack.enter_async_context(EventLog(database, settings.event_backlog_max).running())
        listener = await stack.enter_async_context(listening(database, keys, links))
        for service in (event_log, visitors, listener, ChangesHeard(listener.synchronize)):
            services.add(service)
        destinations = Destinations(database, settings, links)
        listener.add(destinations.titles)
        stack.push_async_callback(destinations.close)
        services.add(Redirects(settings, event_log, visitors, destinations))
        limits = VisitLimits(
            settings.plays_per_address, settings.plays_per_network, Carriers(settings.carrier_networks)
        )
        callers = Callers(database, visitors, keys, services.get_or_add(KeyUses, lambda: KeyUses(database)))
        references = References(database, settings.secrets, settings.jwt_issuer)
        services.add(Receiving(settings, event_log, callers, references, visitors, limits))
        housekeeping = repeating(
            "events.run_maintenance", KEEP_HOUSE_EVERY_S, lambda: run_maintenance(runtime, visitors), at_once=False
        )
        await stack.enter_async_context(housekeeping)
        if settings.worker_in_server:
            await stack.enter_async_context(sealing(runtime))
        yield


async def run_maintenance(runtime: Runtime, visitors: Visitors) -> None:
    """Make the partitions and salts of the days to come; let go of days long gone, and of the salts of past days."""
    async with await runtime.database.connect(autocommit=True) as connection:
        await ensure_days(connection, days_ahead())
        trusted = await _trusted(connection)
        if trusted is not None:
            await drop_old_days(connection, runtime.settings, trusted)
    now = utc_now()
    for at in (now, now + timedelta(days=1)):
        await visitors.prepare(at)
    if trusted is not None:
        await visitors.forget(trusted - KEEP)


async def _trusted(connection: psycopg.AsyncConnection[Any]) -> datetime | None:
    """The time for what destroys by age; None when it cannot be trusted, which is said."""
    try:
        return await trusted_now(connection, None if await has_believed(connection) else await _newest(connection))
    except ClockDoubtful as doubt:
        log.error("clock_doubtful", why=str(doubt), kept="nothing is dropped by age")
        return None


async def _newest(connection: psycopg.AsyncConnection[Any]) -> datetime | None:
    """When the log last received an event."""
    row = await (await connection.execute("SELECT max(received_at) FROM events")).fetchone()
    return None if row is None else row[0]
