"""Background work on the catalogue: looking at the sources that a service names."""

from uuid import UUID

from procrastinate import JobContext

from groundswell.platform.jobs import task
from groundswell.platform.runtime import runtime_of

from .streams.indexer import index_title


@task("catalog.index_sources")
async def index_sources(context: JobContext, title: str) -> None:
    """Look at the sources that were given of a title until one can be cut from, which is used then."""
    await index_title(runtime_of(context), UUID(title))
