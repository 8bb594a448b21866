"""Background jobs: procrastinate, with its queue in our own PostgreSQL.

A job is deferred in the same transaction as the row it serves, so neither exists without the other. A worker that
is killed leaves its job marked as running; ``rescue_stalled`` gives such jobs back. A job that failed for good says why
in ``job_failures``, which ``doctor``, ``groundswell jobs`` and the metric ``groundswell_job_failures`` read.
"""

import json
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from copy import copy
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, cast

import procrastinate
import psycopg
import structlog
from procrastinate import JobContext, RetryStrategy
from procrastinate.exceptions import AlreadyEnqueued, UniqueViolation
from procrastinate.jobs import Status
from procrastinate.manager import JobManager
from procrastinate.periodic import PeriodicRegistry
from procrastinate.tasks import Task
from prometheus_client import Counter
from sqlalchemy import ARRAY, String, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from .clock import utc_now
from .database import Base, driver_connection
from .problems import Conflict, NotFound
from .settings import Settings

log = structlog.get_logger(__name__)

RETRY = RetryStrategy(max_attempts=4, exponential_wait=2)
STALLED_AFTER = timedelta(seconds=25)
ENDED_FOR = timedelta(days=7)
"""How long a job that has ended is kept, for whoever looks into what happened."""
FAILED_FOR = timedelta(days=30)
"""The same, of one that failed: as long as why (``JobFailure``)."""
AT_ONCE = 10_000
DEADLY = 5
"""Attempts after which a job whose worker is gone each time is taken for the cause."""

FAILURES = Counter("groundswell_job_failures", "Background jobs that failed for good.", ["task"])

Job = Task[Any, Any, Any]

# Priorities: the higher is taken first.
WAITING_VIEWER = 100
SOON = 50
WHENEVER = 0
DUE = WAITING_VIEWER
"""What the clock asks for, in turn with what viewers wait for: below that, it would wait for as long as they come."""

registry = procrastinate.App(connector=procrastinate.PsycopgConnector())
"""Every feature's ``jobs.py`` registers here. Never opened itself: each process opens a copy on its own database."""


class JobWaits(Conflict):
    code, title = "job_waits", "A job that does the same waits already."


class JobFailure(Base):
    """A background job that is not tried again, and why; kept for 30 days."""

    __tablename__ = "job_failures"

    job_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    task: Mapped[str]
    args: Mapped[dict[str, Any]]
    attempts: Mapped[int]
    error: Mapped[str]
    failed_at: Mapped[datetime] = mapped_column(index=True)


async def failures(session: AsyncSession, before: int | None, most: int) -> Sequence[JobFailure]:
    """Why jobs are not tried again, those queued last first: of those queued before the job with the id ``before``."""
    query = select(JobFailure).order_by(JobFailure.job_id.desc()).limit(most)
    if before is not None:
        query = query.where(JobFailure.job_id < before)
    return (await session.scalars(query)).all()


def task(name: str, **options: Any) -> Callable[[Callable[..., Coroutine[Any, Any, None]]], Job]:
    """Register a background job called ``name``; it gets the job's context first (see ``runtime_of``). When it has
    failed for the last time, why is kept (``JobFailure``)."""
    register = registry.task(name=name, pass_context=True, retry=options.pop("retry", RETRY), **options)

    def noting(function: Callable[..., Coroutine[Any, Any, None]]) -> Job:
        @wraps(function)
        async def run(context: JobContext, *args: Any, **arguments: Any) -> None:
            try:
                await function(context, *args, **arguments)
            except Exception as error:
                if context.task is None or context.task.get_retry_exception(error, context.job) is None:
                    with suppress(procrastinate.exceptions.ConnectorException):  # the error itself matters more
                        await record_failure(context.app, context.job, first_line(error))
                raise

        return register(run)

    return noting


def periodic(name: str, cron: str) -> Callable[[Callable[..., Coroutine[Any, Any, None]]], Job]:
    """Register a background job that is queued once each time ``cron`` says (UTC), however many workers there are; not
    while it waits already: workers that are busy for an hour have one to do then, not sixty.

    It gets the job's context and the instant it was due, in Unix seconds.
    """

    def register(function: Callable[..., Coroutine[Any, Any, None]]) -> Job:
        return registry.periodic(cron=cron)(task(name, priority=DUE, queueing_lock=name)(function))

    return register


class JobQueue(JobManager):
    """procrastinate's, but for a job that is to be tried again while another with its key waits. The database refuses
    two that wait; that one does its work, and this one is ended, or it would count as running for ever."""

    async def retry_job(self, job: procrastinate.jobs.Job, *args: Any, **options: Any) -> None:
        await self.give_back(job, *args, **options)

    async def give_back(self, job: procrastinate.jobs.Job, *args: Any, **options: Any) -> bool:
        """Queue ``job`` once more; whether it waits now."""
        try:
            await super().retry_job(job, *args, **options)
        except UniqueViolation:
            log.warning("job_left_to_its_like", id=job.id, job=job.task_name, once=job.queueing_lock)
            await self.finish_job(job, Status.ABORTED, delete_job=False)
            return False
        return True


def create_job_app(conninfo: str, settings: Settings) -> procrastinate.App:
    """The job queue at ``conninfo``, knowing every registered job."""
    connector = procrastinate.PsycopgConnector(conninfo=conninfo, min_size=1, max_size=4)
    app = registry.with_connector(connector)
    app.job_manager = JobQueue(connector)
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
    """Give back jobs whose worker sends no heartbeat any more (one is due every ten seconds); returns how many.

    One that cannot be given back keeps no other from it: where a job with its key waits already, that one does its work
    and it is ended; one that has taken its worker with it ``DEADLY`` times is not tried again (``JobFailure``).
    """
    stalled = list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER.total_seconds()))
    given_back = 0
    for job in stalled:
        try:
            given_back += await _given_back(app, job)
        except Exception as error:
            log.warning("job_not_rescued", id=job.id, job=job.task_name, error=first_line(error))
    return given_back


async def _given_back(app: procrastinate.App, job: procrastinate.jobs.Job) -> bool:
    if job.attempts + 1 >= DEADLY:
        await app.job_manager.finish_job(job, Status.FAILED, delete_job=False)
        await record_failure(app, job, "Its worker was killed, or died of it, each time.")
        return False
    return await cast(JobQueue, app.job_manager).give_back(job)


async def record_failure(app: procrastinate.App, job: procrastinate.jobs.Job, error: str) -> None:
    """Keep why ``job`` is not tried again."""
    FAILURES.labels(job.task_name).inc()
    log.error("job_failed", id=job.id, job=job.task_name, attempts=job.attempts + 1, error=error)
    await app.connector.execute_query_async(
        _RECORD, id=job.id, task=job.task_name, args=json.dumps(job.task_kwargs), attempts=job.attempts + 1, error=error
    )


_RECORD = """
WITH old AS (DELETE FROM job_failures WHERE failed_at < now() - interval '30 days')
INSERT INTO job_failures (job_id, task, args, attempts, error, failed_at)
VALUES (%(id)s, %(task)s, %(args)s::jsonb, %(attempts)s, %(error)s, now())
ON CONFLICT (job_id) DO UPDATE
SET attempts = excluded.attempts, error = excluded.error, failed_at = excluded.failed_at
"""


async def forget_failures(session: AsyncSession, *values: str) -> None:
    """Drop the failures, and why, of which one of ``values`` is part. Looks through all that is kept, which is few."""
    await session.execute(_MENTIONING, {"words": [value for value in values if value]})


_MENTIONING = text("""
DELETE FROM job_failures
WHERE EXISTS (SELECT FROM unnest(:words) word WHERE position(word IN error) > 0 OR position(word IN args::text) > 0)
""").bindparams(bindparam("words", type_=ARRAY(String)))


async def forget_ended(app: procrastinate.App, now: datetime) -> None:
    """Drop the jobs that ended long ago, and what the queue noted of them, the oldest first and ``AT_ONCE`` at most.

    Args:
        now: by a clock that can be trusted.
    """
    before = {"ended": now - ENDED_FOR, "failed": now - FAILED_FOR, "most": AT_ONCE}
    await app.connector.execute_query_async(_FORGET_ENDED, **before)


_FORGET_ENDED = """
DELETE FROM procrastinate_jobs WHERE id IN (
    SELECT j.id FROM procrastinate_events e JOIN procrastinate_jobs j ON j.id = e.job_id
    WHERE (e.type = 'failed' AND j.status = 'failed' AND e.at < %(failed)s)
       OR (e.type IN ('succeeded', 'cancelled', 'aborted') AND j.status IN ('succeeded', 'cancelled', 'aborted')
           AND e.at < %(ended)s)
    ORDER BY e.id LIMIT %(most)s
)
"""


def failed_lately(connection: psycopg.Connection[Any]) -> list[tuple[int, str, str]] | None:
    """Jobs that failed for good in the last day, the latest last: id, task, error. None before there are tables."""
    if connection.execute("SELECT to_regclass('job_failures')").fetchone() == (None,):
        return None
    return connection.execute(
        "SELECT job_id, task, error FROM job_failures WHERE failed_at > now() - interval '1 day' ORDER BY failed_at"
    ).fetchall()


def waiting_jobs(connection: psycopg.Connection[Any]) -> int:
    """How many jobs could be run now."""
    row = connection.execute(
        "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo' AND coalesce(scheduled_at, now()) <= now()"
    ).fetchone()
    return int(row[0]) if row else 0


def first_line(error: BaseException) -> str:
    """What went wrong, in one line that names the kind of error."""
    return f"{type(error).__name__}: {str(error).strip().split(chr(10), 1)[0][:500]}"


_FORGET = """
WITH counted AS (UPDATE procrastinate_jobs SET attempts = attempts - 1 WHERE id = %(id)s AND attempts > 0)
DELETE FROM job_failures WHERE job_id = %(id)s
"""
"""procrastinate counts an attempt when a job ends, and once more when one that failed is queued again."""


async def try_again(app: procrastinate.App, job_id: int) -> None:
    """Queue a job that had failed once more.

    Raises:
        NotFound: it does not exist, or is not one that has failed.
        JobWaits: a job with its key waits already, and does its work.
    """
    try:
        await app.job_manager.retry_job_by_id_async(job_id, retry_at=utc_now())
    except UniqueViolation:
        raise JobWaits() from None
    except procrastinate.exceptions.ConnectorException:
        raise NotFound("There is no failed job of this number.") from None
    await app.connector.execute_query_async(_FORGET, id=job_id)
