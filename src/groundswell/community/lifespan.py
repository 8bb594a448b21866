"""What people around a moment run while the process serves: the writer of reactions, what is remembered of where
they happen, and the dropping of supercuts that nobody asks for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from groundswell.moments.media.eviction import EVERY
from groundswell.platform.notified_cache import CacheListener
from groundswell.platform.repeat import repeating
from groundswell.platform.services import Services

from .doors import VisitorMeetings
from .reaction_door import ReactionDoor
from .reaction_lines import ReactionLines
from .reaction_log import ReactionLog
from .supercut_maker import evict


@asynccontextmanager
async def lifespan(services: Services) -> AsyncIterator[None]:
    """Take reactions in."""
    meetings = VisitorMeetings()
    services.get(CacheListener).add(meetings.known)
    async with ReactionLog(services.database).running() as log:
        for service in (log, meetings, ReactionLines(services.database)):
            services.add(service)
        services.add(ReactionDoor(services))
        runtime = services.runtime
        async with repeating("community.evict", EVERY.total_seconds(), lambda: evict(runtime), at_once=False):
            yield
