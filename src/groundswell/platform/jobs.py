"""Background jobs: procrastinate, with its queue in our own PostgreSQL.

A job is deferred in the same transaction as the row it serves, so neither exists without the other. A worker that
is killed leaves its job marked as running; ``rescue_stalled`` gives such jobs back.
"""

from collections.abc import Callable, Coroutine
from copy import copy
from datetime import timedelta
from typing import Any

import procrastinate
import structlog
from procrastinate import RetryStrategy
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.periodic import PeriodicRegistry
from procrastinate.tasks import Task
from sqlalchemy.ext.asyncio import AsyncSession

from .database import driver_connection
from .settings import Settings

log = structlog.get_logger(__name__)

RETRY = RetryStrategy(max_attempts=4, exponential_wait=2)
STALLED_AFTER = timedelta(seconds=25)

Job = Task[Any, Any, Any]

# Priorities: the higher is taken first.
WAITING_VIEWER = 100
SOON = 50
WHENEVER = 0

registry = procrastinate.App(connector=procrastinate.PsycopgConnector())
"""Every feature's ``jobs.py`` registers here. Never opened itself: each process opens a copy on its own database."""


def task(name: str, **options: Any) -> Callable[[Callable[..., Coroutine[Any, Any, None]]], Job]:
    """Register a background job called ``name``; it gets the job's context first (see ``runtime_of``)."""
    return registry.task(name=name, pass_context=True, retry=options.pop("retry", RETRY), **options)


def periodic(name: str, cron: str) -> Callable[[Callable[..., Coroutine[Any, Any, None]]], Job]:
    """Register a background job that is queued once each time ``cron`` says (UTC), however many workers there are.

    It gets the job's context and the instant it was due, in Unix seconds.
    """

    def register(function: Callable[..., Coroutine[Any, Any, None]]) -> Job:
        return registry.periodic(cron=cron)(task(name)(function))

    return register


def create_job_app(conninfo: str, settings: Settings) -> procrastinate.App:
    """The job queue at ``conninfo``, knowing every registered job."""
    connector = procrastinate.PsycopgConnector(conninfo=conninfo, min_size=1, max_size=4)
    app = registry.with_connector(connector)
    app.periodic_registry = _due_in(app)
    app.worker_defaults = {"concurrency": settings.worker_concurrency, "shutdown_graceful_timeout": 10}
    return app


def _due_in(app: procrastinate.App) -> PeriodicRegistry:
    """The periodic jobs, queued through ``app``: a job that knows only ``registry`` would use its closed connection."""
    due = PeriodicRegistry()  # type: ignore[no-untyped-call]
    for known in registry.periodic_registry.periodic_tasks.values():
        job = copy(known.task)
        job.blueprint = app
        due.register_task(job, known.cron, known.periodic_id, known.configure_kwargs.copy())
    return due


async def defer(session: AsyncSession, job: Job, *, priority: int = SOON, once: str | None = None, **args: Any) -> None:
    """Queue ``job`` in ``session``'s transaction: it exists if and when that commits.

    Args:
        once: while a job with this key waits, another is not queued.
        args: JSON values, passed to the job by name.
    """
    options: dict[str, Any] = {"priority": priority} | ({} if once is None else {"queueing_lock": once})
    try:
        async with session.begin_nested():
            connection = await driver_connection(session)  # asked for here: it is what opens the savepoint
            await job.configure(connection=connection, **options).defer_async(**args)
    except AlreadyEnqueued:
        log.debug("job_already_waiting", job=job.name, once=once)


async def rescue_stalled(app: procrastinate.App) -> int:
    """Give back jobs whose worker sends no heartbeat any more (one is due every ten seconds); returns how many."""
    stalled = list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER.total_seconds()))
    for job in stalled:
        await app.job_manager.retry_job(job)
    return len(stalled)
