"""Asks for a refresh now and then, for the plays and clicks that announce themselves to nobody; at the start, whether
all lines are searched, and whether meaning can be. Writes down what was searched for and not found."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from groundswell.platform.database import Database
from groundswell.platform.notified_cache import CacheListener
from groundswell.platform.repeat import repeating
from groundswell.platform.services import Services

from .jobs import index_soon, soon
from .search import meanings
from .search.findings import Search
from .search.hybrid_lines import embedding_in
from .search.known_titles import KnownTitles
from .search.unfound import WRITTEN_EVERY_S, Misses

EVERY_S = 30.0


@asynccontextmanager
async def lifespan(services: Services) -> AsyncIterator[None]:
    """Keep asking while the server runs; several servers ask for one refresh between them."""
    if services.settings.search_meaning:
        embedding_in(services.settings.meaning_model)
        await meanings.prepare(services.database)
    async with services.database.transaction() as session:
        await index_soon(session)
    misses, titles = Misses(), KnownTitles()
    services.get(CacheListener).add(titles.known)
    services.add(misses)
    services.add(Search(services.settings, misses, titles))
    async with (
        repeating("discovery.refresh", EVERY_S, lambda: ask(services.database), at_once=False),
        repeating("discovery.misses", WRITTEN_EVERY_S, lambda: misses.write(services.database), at_once=False),
    ):
        yield


async def ask(database: Database) -> None:
    async with database.transaction() as session:
        await soon(session)
