"""Time cannot destroy: a clock that is wrong drops nothing, and what is dropped can be brought back."""

import ast
import asyncio
import os
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text, update

import groundswell
from groundswell.accounts.jobs import forget_old_answers
from groundswell.discovery.jobs import forget_votes
from groundswell.discovery.tables import HeatVote
from groundswell.events.event import Event
from groundswell.events.lake.retention import GRACE, aside, drop_old_days, put_back, restore
from groundswell.events.lake.sealer import Sealer
from groundswell.events.lifespan import run_maintenance
from groundswell.events.log.event_log import record
from groundswell.events.log.partitions import partition
from groundswell.events.tables import VisitorSalt
from groundswell.events.traffic.visitors import Visitors
from groundswell.moments.media.eviction import evict
from groundswell.moments.media.renditions import ensure
from groundswell.moments.recipes import Recipe
from groundswell.moments.tables import Rendition
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.destructive_jobs import DESTRUCTIVE_JOBS
from groundswell.platform.jobs import defer
from groundswell.platform.routing import IdempotencyKey
from groundswell.platform.settings import Settings
from groundswell.platform.trusted_clock import DIFFER, JUMP, ClockDoubtful, accept_clock, judged, trusted_now
from groundswell.web.app import forget_ended_jobs
from tests.events.places import make_shared
from tests.support import App

OUR_CLOCK = "groundswell.platform.trusted_clock.utc_now"
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
instants = st.integers(0, 36_500 * 86_400).map(lambda seconds: EPOCH + timedelta(seconds=seconds))
spans = st.timedeltas(timedelta(0), timedelta(days=2000))


@given(instants, spans, st.sampled_from([-1, 1]))
def test_a_machine_that_differs_from_the_database_is_not_believed(now: datetime, off: timedelta, sign: int) -> None:
    if off <= DIFFER:
        assert judged(now + sign * off, now, None) <= now
        return
    with pytest.raises(ClockDoubtful):
        judged(now + sign * off, now, None)


@given(instants, spans)
def test_a_jump_is_not_believed_in_either_direction(seen: datetime, off: timedelta) -> None:
    if off <= JUMP:
        assert judged(seen + off, seen + off, seen) == seen + off
    else:
        with pytest.raises(ClockDoubtful, match="accept-clock"):
            judged(seen + off, seen + off, seen)
    if off > DIFFER:
        with pytest.raises(ClockDoubtful):
            judged(seen - off, seen - off, seen)


async def old_events(database: Database, database_url: str, settings: Settings, days: int = 40) -> datetime:
    now = utc_now()
    async with database.transaction() as session:
        old = [Event(kind="click", at=now - timedelta(days=days)) for _ in range(5)]
        await record(session, *old, Event(kind="click", at=now))
    sealer = Sealer(database_url, settings)
    sealer.seal()
    sealer.close()
    return now


@pytest.fixture
def short(settings: Settings, still_server: None) -> Settings:
    return settings.model_copy(update={"event_keep_days": 5, "attribution_window_days": 10})


async def count(database: Database, query: str = "SELECT count(*) FROM events") -> int:
    async with database.transaction() as session:
        return int((await session.execute(text(query))).scalar_one())


async def test_a_day_lies_aside_for_a_week_and_can_be_put_back(
    database: Database, database_url: str, short: Settings
) -> None:
    now = await old_events(database, database_url, short)
    day = (now - timedelta(days=40)).date()
    async with await database.connect(autocommit=True) as connection:
        assert await drop_old_days(connection, short, now) == [day]
        assert await count(database) == 1
        assert await count(database, f"SELECT count(*) FROM {aside(day)}") == 5
        await drop_old_days(connection, short, now + GRACE - timedelta(hours=1))
        assert await put_back(connection) == [day]
        assert await count(database) == 6
        assert await drop_old_days(connection, short, now) == [day]
        await drop_old_days(connection, short, now + GRACE + timedelta(hours=1))
        assert await put_back(connection) == []
        assert await restore(connection, short, day, day) == 5
        assert await restore(connection, short, day, day) == 0, "again brings nothing twice"
    assert await count(database) == 6
    sealer = Sealer(database_url, short)
    assert sealer.seal()["events"].rows == 0, "what was brought back is not sealed twice"
    sealer.close()


async def test_what_the_lake_does_not_hold_is_neither_moved_nor_dropped(
    database: Database, database_url: str, short: Settings
) -> None:
    now = await old_events(database, database_url, short)
    day = (now - timedelta(days=40)).date()
    async with await database.connect(autocommit=True) as connection:
        # The seal says that all is in the lake; the lake itself says otherwise.
        other = "(jsonb_populate_record(e, jsonb_build_object('id', gen_random_uuid()))).*"
        await connection.execute(f"INSERT INTO {partition(day)} SELECT {other} FROM {partition(day)} e LIMIT 1")
        await connection.execute("UPDATE lake_seals SET position = 9000000000000")
        assert await drop_old_days(connection, short, now) == []
    assert await count(database) == 7


async def test_a_clock_500_days_ahead_or_behind_drops_nothing(
    database: Database, database_url: str, short: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = await old_events(database, database_url, short, days=20)
    async with await database.connect(autocommit=True) as connection:
        assert abs(await trusted_now(connection) - now) < timedelta(minutes=1)
        for days in (500, -500, 31, 1):
            monkeypatch.setattr(
                "groundswell.platform.trusted_clock.utc_now", lambda d=days: utc_now() + timedelta(days=d)
            )
            with pytest.raises(ClockDoubtful):
                await trusted_now(connection)
        monkeypatch.undo()
        await connection.execute("UPDATE clock_marks SET seen_at = seen_at - interval '400 days'")
        with pytest.raises(ClockDoubtful, match="jumped"):
            await trusted_now(connection)
        await accept_clock(connection)
        await trusted_now(connection)


DESTROYS = re.compile(
    r"DROP TABLE|store\.delete\(|\.vacuum\(|rmtree\("
    r"|delete\(\w+\)\.where\([^)]*<[^=]|DELETE FROM \w+ (\w+ )?WHERE \w+ <"
)
"""Whatever drops tables, objects or folders, and rows by age."""
BY_HAND = {
    "groundswell.catalog.importer": "an import that failed takes back what it put there itself",
    "groundswell.doctor": "its own test object",
    "groundswell.demo.films.render": "the demo's own drawings",
    "groundswell.demo.reporter": "the demo's own notes",
    "groundswell.media.hls.exact_hls": "its own temporary folder",
    "groundswell.media.sandbox.bounded": "its own temporary folder",
    "groundswell.platform.migrations.versions.0012_demo_schema": "tables of the demo in which nothing was ever written",
    "groundswell.platform.storage": "the store's own method",
}


def modules() -> Iterator[tuple[str, str]]:
    root = Path(groundswell.__file__).parent
    for path in root.rglob("*.py"):
        yield "groundswell." + ".".join(path.relative_to(root).with_suffix("").parts), path.read_text()


def test_whatever_destroys_by_itself_is_listed_with_its_guard() -> None:
    listed, sources = {job.module for job in DESTRUCTIVE_JOBS}, dict(modules())
    found = {name for name, source in sources.items() if DESTROYS.search(source) and ast.parse(source)}
    assert found - listed - set(BY_HAND) == set()
    assert listed <= set(sources)
    for job in DESTRUCTIVE_JOBS:
        source = sources[job.module]
        if "clock" in job.guard:
            given = ("trusted", "now: datetime", "before: datetime", "today: date")
            assert any(word in source for word in given), job.module


async def ended_job(app: App, days: int) -> None:
    """A job that ended so many days ago."""
    async with app.runtime.database.transaction() as session:
        await defer(session, forget_old_answers, timestamp=0)
    await app.run_jobs()
    async with app.runtime.database.transaction() as session:
        await session.execute(text(f"UPDATE procrastinate_events SET at = at - interval '{days} days'"))


async def things_of_old(app: App, database_url: str) -> None:
    """Something old of each kind that is destroyed by age, by clocks that are right."""
    await ended_job(app, 40)
    await old_events(app.runtime.database, database_url, app.runtime.settings)
    shared = await make_shared(app.runtime.database, app.runtime.settings)
    long_ago = utc_now() - timedelta(days=400)
    async with app.runtime.database.transaction() as session:
        session.add(VisitorSalt(day=long_ago.date(), salt=b"0123456789abcdef"))
        session.add(IdempotencyKey(principal="p", key="k", request_hash=b"h", created_at=long_ago))
        voted = {
            "moment_id": shared.moment.id,
            "kind": "play",
            "voter": 1,
            "event_id": uuid4(),
            "weight": 1,
            "ballot": 1,
        }
        session.add(HeatVote(day=long_ago.date(), at=long_ago, **voted))
        await ensure(session, Recipe(shared.moment.source_id, 0, 1_000_000, "wide"))
        made = {"status": "ready", "storage_key": "x", "asked_at": long_ago}
        await session.execute(update(Rendition).values(made))
        await session.execute(text("DELETE FROM procrastinate_jobs WHERE status = 'todo'"))


async def destroy(app: App) -> None:
    """All that destroys by age, as it runs by itself."""
    await run_maintenance(app.runtime, Visitors(app.runtime.database))
    await evict(app.runtime)
    await forget_ended_jobs(app.runtime)
    async with app.runtime.database.transaction() as session:
        for job in (forget_old_answers, forget_votes):
            await defer(session, job, timestamp=0)
    await app.run_jobs()


OLD_ROWS = {
    "events": "SELECT count(*) FROM events WHERE at < now() - interval '30 days'",
    "salts": "SELECT count(*) FROM visitor_salts WHERE day < current_date - 30",
    "stored answers": "SELECT count(*) FROM idempotency_keys WHERE principal = 'p'",
    "votes": "SELECT count(*) FROM heat_votes",
    "renditions": "SELECT count(*) FROM renditions",
    "jobs": "SELECT count(DISTINCT job_id) FROM procrastinate_events"
    " WHERE at < now() - interval '30 days' AND type <> 'scheduled'",  # that is by the planner's clock
}


async def left(app: App) -> dict[str, int]:
    return {what: await count(app.runtime.database, query) for what, query in OLD_ROWS.items()}


@pytest.mark.slow
@pytest.mark.usefixtures("still_server")
async def test_no_clock_destroys_anything_but_the_right_one(
    app: App, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This machine's clock is ahead or behind; or all clocks jumped, in either direction, since time was last seen."""
    settings = app.runtime.settings
    settings.event_keep_days, settings.attribution_window_days = 5, 10
    await things_of_old(app, database_url)
    before = await left(app)
    assert all(before.values()), before
    for days in (500, -500, 1):
        with monkeypatch.context() as patched:
            patched.setattr(OUR_CLOCK, lambda days=days: utc_now() + timedelta(days=days))
            await destroy(app)
        assert await left(app) == before, f"{days} days"
    for days in (500, -500):
        async with app.runtime.database.transaction() as session:
            await session.execute(text(f"UPDATE clock_marks SET seen_at = now() - interval '{days} days'"))
        await destroy(app)
        assert await left(app) == before, f"all clocks jumped by {days} days"
    async with await app.runtime.database.connect(autocommit=True) as connection:
        await accept_clock(connection)
    await destroy(app)
    assert await left(app) == dict.fromkeys(before, 0), "with the right one, all of it"


MAINTAIN = """
import asyncio, sys
from groundswell.platform.settings import Settings
from tests.adversary.test_time import destroy
from tests.support import started

async def main():
    settings = Settings(data_dir=sys.argv[1], database_url=sys.argv[2], worker_in_server=False, base_url="http://test",
        event_keep_days=5, attribution_window_days=10)
    async with started(settings) as app:
        await destroy(app)

asyncio.run(main())
"""


@pytest.fixture
def faketime() -> Path:
    """libfaketime's library; skips where it is not installed."""
    for library in Path("/usr/lib").glob("**/libfaketime.so.1"):
        return library
    pytest.skip("libfaketime is not installed here; the test before this one gives the code other clocks")


@pytest.mark.slow
@pytest.mark.parametrize("off", ["+500d", "-500d"])
async def test_a_process_under_another_clock_destroys_nothing(
    faketime: Path, app: App, database_url: str, still_server: None, off: str
) -> None:
    """With libfaketime, under all of a process's clocks at once: also those that our code does not ask."""
    await things_of_old(app, database_url)
    before = await left(app)
    environment = os.environ | {"LD_PRELOAD": str(faketime), "FAKETIME": off, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    command = [sys.executable, "-c", MAINTAIN, str(app.runtime.settings.data_dir), database_url]
    child = await asyncio.create_subprocess_exec(*command, env=environment)
    assert await child.wait() == 0
    after = await left(app)
    after["salts"] = min(after["salts"], before["salts"])  # it makes those of the days in which it believes itself
    assert after == before
