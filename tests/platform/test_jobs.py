"""Jobs are queued in the transaction that they serve."""

from procrastinate import JobContext
from sqlalchemy import text

from groundswell.platform.jobs import defer, task
from tests.support import App

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
