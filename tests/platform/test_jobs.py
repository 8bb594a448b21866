"""Jobs are queued in the transaction that they serve."""

from typing import Any

import pytest
from procrastinate import JobContext, RetryStrategy
from procrastinate.periodic import PeriodicDeferrer
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.doctor import background_jobs
from groundswell.platform.clock import utc_now
from groundswell.platform.jobs import DEADLY, WAITING_VIEWER, JobFailure, defer, rescue_stalled, task, try_again
from groundswell.platform.runtime import runtime_of
from tests.support import App

DUE_EVERY_MINUTE = "payouts.send_transfers"

done: list[str] = []


@task("tests.note")
async def note(context: JobContext, what: str) -> None:
    done.append(what)


async def test_a_job_exists_only_if_its_transaction_commits(app: App) -> None:
    done.clear()
    async with app.runtime.database.transaction() as session:
        await defer(session, note, what="kept")
    async with app.runtime.database.sessions() as session:
        await defer(session, note, what="rolled back")
        await session.rollback()
    await app.run_jobs()
    assert done == ["kept"]


async def test_the_same_job_waits_only_once(app: App) -> None:
    done.clear()
    async with app.runtime.database.transaction() as session:
        for what in ("first", "second"):
            await defer(session, note, once="only-one", what=what)
        assert await session.scalar(text("SELECT 1")) == 1  # the transaction survives the refusal
    await app.run_jobs()
    assert done == ["first"]


@task("tests.fail", retry=False)
async def fail(context: JobContext, why: str) -> None:
    raise ValueError(why)


@task("tests.fail_twice", retry=RetryStrategy(max_attempts=2, wait=0))
async def fail_twice(context: JobContext) -> None:
    tried.append(context.job.attempts)
    raise RuntimeError(f"attempt {context.job.attempts}\nand its traceback")


tried: list[int] = []


async def failures(app: App) -> list[JobFailure]:
    async with app.runtime.database.transaction() as session:
        return list(await session.scalars(select(JobFailure).order_by(JobFailure.job_id)))


async def test_why_a_job_failed_for_good_is_kept(app: App) -> None:
    async with app.runtime.database.transaction() as session:
        await defer(session, fail, why="the disk is on fire")
    await app.run_jobs()
    (failure,) = await failures(app)
    assert (failure.task, failure.args, failure.attempts) == ("tests.fail", {"why": "the disk is on fire"}, 1)
    assert failure.error == "ValueError: the disk is on fire"
    with pytest.raises(RuntimeError, match=r"1 failed in the last day.*tests\.fail.*the disk is on fire"):
        await background_jobs(app.runtime.settings)


async def test_a_failure_that_is_tried_again_is_none_yet(app: App) -> None:
    tried.clear()
    async with app.runtime.database.transaction() as session:
        await defer(session, fail_twice)
    for _ in range(3):
        await app.run_jobs()
    (failure,) = await failures(app)
    assert (len(tried), failure.error) == (failure.attempts, f"RuntimeError: attempt {tried[-1]}")
    await try_again(app.runtime.jobs, failure.job_id)
    assert await failures(app) == []
    assert "none has failed" in await background_jobs(app.runtime.settings)


@task("tests.fail_beside_its_like", retry=RetryStrategy(max_attempts=2, wait=0))
async def fail_beside_its_like(context: JobContext, what: str) -> None:
    done.append(what)
    if what == "first":
        async with runtime_of(context).database.transaction() as session:
            await defer(session, fail_beside_its_like, once="like", what="its like")
        raise RuntimeError("while its like waits")


async def test_one_that_fails_while_its_like_waits_leaves_the_work_to_that(app: App) -> None:
    """The key is the waiting one's: were it tried again, there would be two, which the database refuses."""
    done.clear()
    app.runtime.jobs.worker_defaults["concurrency"] = 1  # its like waits for as long as the first takes to fail
    async with app.runtime.database.transaction() as session:
        await defer(session, fail_beside_its_like, once="like", what="first")
        first = await id_of(session, "first")
    await app.run_jobs()
    assert done == ["first", "its like"]
    assert await status(app, first) == "aborted"
    assert await failures(app) == []


async def stall(app: App, *, attempts: int = 0, once: str | None = None, what: str = "stalled") -> int:
    """A job that a worker took and has been silent about since."""
    async with app.runtime.database.transaction() as session:
        await defer(session, note, once=once, what=what)
        worker = await session.scalar(
            text("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour') RETURNING id")
        )
        id = await id_of(session, what)
        await session.execute(
            text("UPDATE procrastinate_jobs SET status = 'doing', worker_id = :worker, attempts = :n WHERE id = :id"),
            {"worker": worker, "n": attempts, "id": id},
        )
    return id


async def id_of(session: AsyncSession, what: str) -> int:
    """The newest job that is about ``what``: a starting application has jobs of its own wait."""
    newest = text("SELECT max(id) FROM procrastinate_jobs WHERE args->>'what' = :what")
    return int(await session.scalar(newest, {"what": what}) or 0)


async def status(app: App, id: int) -> str:
    async with app.runtime.database.transaction() as session:
        return str(await session.scalar(text("SELECT status FROM procrastinate_jobs WHERE id = :id"), {"id": id}))


async def test_one_stalled_job_that_cannot_be_given_back_keeps_no_other_from_it(app: App) -> None:
    done.clear()
    first = await stall(app, once="key", what="superseded")
    async with app.runtime.database.transaction() as session:
        await defer(session, note, once="key", what="in its place")
    deadly = await stall(app, attempts=DEADLY - 1, what="deadly")
    last = await stall(app, what="rescued")
    assert await rescue_stalled(app.runtime.jobs) == 1
    assert [await status(app, id) for id in (first, deadly, last)] == ["aborted", "failed", "todo"]
    assert [failure.job_id for failure in await failures(app)] == [deadly]
    await app.run_jobs()
    assert sorted(done) == ["in its place", "rescued"]


async def test_a_rescue_goes_on_past_an_error(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [await stall(app, what=str(n)) for n in range(3)]
    manager = app.runtime.jobs.job_manager
    usual = manager.give_back

    async def failing(job: Any) -> bool:
        if job.id == ids[1]:
            raise OSError("the network is away")
        return await usual(job)

    monkeypatch.setattr(manager, "give_back", failing)
    assert await rescue_stalled(app.runtime.jobs) == 2
    assert [await status(app, id) for id in ids] == ["todo", "doing", "todo"]


async def test_what_is_due_again_while_it_waits_waits_once_and_not_behind_every_viewer(app: App) -> None:
    jobs = app.runtime.jobs
    due = next(each for each in jobs.periodic_registry.periodic_tasks.values() if each.task.name == DUE_EVERY_MINUTE)
    deferrer = PeriodicDeferrer(registry=jobs.periodic_registry)
    now = int(utc_now().timestamp())
    waiting = text("SELECT priority FROM procrastinate_jobs WHERE status = 'todo' AND task_name = :name")

    async def queued() -> list[int]:
        async with app.runtime.database.transaction() as session:
            return list(await session.scalars(waiting, {"name": DUE_EVERY_MINUTE}))

    for minute in range(5):
        await deferrer.defer_jobs([(due, now + 60 * minute)])
    assert await queued() == [WAITING_VIEWER]
    await app.run_jobs()
    assert await queued() == []
    await deferrer.defer_jobs([(due, now + 300)])
    assert await queued() == [WAITING_VIEWER]
