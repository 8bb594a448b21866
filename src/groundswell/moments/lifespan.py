"""What moments run while the process serves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from groundswell.platform.repeat import repeating
from groundswell.platform.services import Services

from .media.eviction import EVERY, evict
from .media.progress_feed import Watch
from .media.waiters import Followers


@asynccontextmanager
async def lifespan(services: Services) -> AsyncIterator[None]:
    """Those who wait for renditions (``Followers``); and renditions nobody asks for are dropped."""
    async with Watch(services.database).running() as watch:
        services.add(Followers(services.database, watch))
        runtime = services.runtime
        async with repeating("moments.evict", EVERY.total_seconds(), lambda: evict(runtime), at_once=False):
            yield
