"""What a running process holds: settings, database, object storage, job queue. Opened once, closed in order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import procrastinate
from procrastinate import JobContext

from .database import Database
from .embedded import EmbeddedPostgres
from .jobs import create_job_app
from .migrations import migrate
from .settings import Settings
from .storage import ObjectStore, open_store


@dataclass(frozen=True)
class Runtime:
    """The open resources of one process."""

    settings: Settings
    database: Database
    store: ObjectStore
    jobs: procrastinate.App


@asynccontextmanager
async def open_runtime(settings: Settings) -> AsyncIterator[Runtime]:
    """Start or reach the database, bring its tables up to date, and open everything else."""
    async with reach_database(settings) as url:
        await asyncio.to_thread(migrate, url)
        database = Database(url)
        jobs = create_job_app(url, settings)
        runtime = Runtime(settings, database, open_store(settings), jobs)
        tasks_see(jobs, runtime)
        try:
            async with jobs.open_async():
                yield runtime
        finally:
            await database.close()


@asynccontextmanager
async def reach_database(settings: Settings) -> AsyncIterator[str]:
    """The address of the database: the one in the settings, or an embedded one kept running meanwhile."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    embedded = EmbeddedPostgres(settings.data_dir / "postgres")
    await asyncio.to_thread(embedded.start)
    try:
        yield embedded.url()
    finally:
        await asyncio.to_thread(embedded.stop)


def tasks_see(jobs: procrastinate.App, runtime: Runtime) -> None:
    """Hand ``runtime`` to every job that this process's workers run."""
    jobs.worker_defaults["additional_context"] = {"runtime": runtime}


def runtime_of(context: JobContext) -> Runtime:
    """The runtime of the process in which a job runs."""
    runtime = context.additional_context["runtime"]
    assert isinstance(runtime, Runtime)
    return runtime
