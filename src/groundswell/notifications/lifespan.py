"""What notifications run while the process serves: what is due is pushed, moments that catch on are looked for, and
inboxes that are shown are kept live."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from groundswell.moments.media.progress_feed import Watch
from groundswell.platform.database import Database
from groundswell.platform.repeat import repeating
from groundswell.platform.services import Services

from .catching_on import note_catching_on
from .groups import CHANNEL
from .jobs import queue_due
from .live import LiveInboxes

PUSHED_EVERY_S = 1.0
LOOKED_EVERY_S = 5.0


@asynccontextmanager
async def lifespan(services: Services) -> AsyncIterator[None]:
    """Keep asking while the server runs; several servers do the work between them."""
    async with (
        Watch(services.database, CHANNEL).running() as watch,
        repeating("notifications.queue_due", PUSHED_EVERY_S, lambda: ask(services.database), at_once=False),
        repeating("notifications.catching_on", LOOKED_EVERY_S, lambda: look(services.database), at_once=False),
    ):
        services.add(LiveInboxes(watch, services.settings.notification_streams_max))
        yield


async def ask(database: Database) -> None:
    async with database.transaction() as session:
        await queue_due(session)


async def look(database: Database) -> None:
    async with database.transaction() as session:
        await note_catching_on(session)
