"""What a running process holds: settings, database, object storage, job queue. Opened once, closed in order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property

import procrastinate
import structlog
from procrastinate import JobContext

from .database import Base, Database
from .embedded import EmbeddedPostgres
from .jobs import create_job_app
from .migrations import migrate_over, reached
from .migrations.shape import check_shape
from .outbound import Outbound
from .positions import settle_in
from .settings import Settings, writing_data
from .storage import ObjectStore, open_store

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Runtime:
    """The open resources of one process."""

    settings: Settings
    database: Database
    store: ObjectStore
    jobs: procrastinate.App

    @cached_property
    def outbound(self) -> Outbound:
        """The way out to addresses that others have named."""
        return Outbound(self.settings)


@asynccontextmanager
async def open_runtime(settings: Settings) -> AsyncIterator[Runtime]:
    """Start or reach the database, bring its tables up to date, and open everything else.

    Raises:
        CannotStart: the database is not there, or not one for this version; or the data folder cannot be written.
    """
    async with reach_database(settings) as url:
        await asyncio.to_thread(prepare_tables, url)
        database = Database(url)
        jobs = create_job_app(url, settings)
        runtime = Runtime(settings, database, open_store(settings), jobs)
        bind_runtime(jobs, runtime)
        try:
            async with jobs.open_async():
                yield runtime
        finally:
            await runtime.outbound.close()
            await database.close()


def prepare_tables(url: str) -> None:
    """Bring the tables at ``url`` up to date, and make sure that they are what the models say, and that positions go on
    from those that are kept.

    Raises:
        DatabaseUnreachable: nothing answers there, or not to us.
        UnknownRevision: a newer version has migrated the database.
        WrongShape: what it lacks is named.
    """
    with reached(url) as connection:
        migrate_over(connection, url)
        for slow in check_shape(connection, Base.metadata):
            log.warning("database_shape", missing=slow)
        settle_in(connection, Base.metadata)


@asynccontextmanager
async def reach_database(settings: Settings) -> AsyncIterator[str]:
    """The address of the database: the one in the settings, or an embedded one kept running meanwhile."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    with writing_data(settings.data_dir):
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        embedded = EmbeddedPostgres(settings.data_dir / "postgres")
        await asyncio.to_thread(embedded.start)
    try:
        yield embedded.url()
    finally:
        await asyncio.to_thread(embedded.stop)


def bind_runtime(jobs: procrastinate.App, runtime: Runtime) -> None:
    """Hand ``runtime`` to every job that this process's workers run."""
    jobs.worker_defaults["additional_context"] = {"runtime": runtime}


def runtime_of(context: JobContext) -> Runtime:
    """The runtime of the process in which a job runs."""
    runtime = context.additional_context["runtime"]
    assert isinstance(runtime, Runtime)
    return runtime
