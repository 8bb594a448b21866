"""An appended event is committed when acknowledged, once, whatever happens to the database meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from groundswell.events.event import Event
from groundswell.events.log import Backlogged, EventLog, record
from groundswell.events.settling import EventConflict
from groundswell.events.tables import LoggedEvent
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.embedded import EmbeddedPostgres
from groundswell.platform.migrations import migrate
from groundswell.platform.problems import Invalid


@pytest.fixture
async def log(database: Database) -> AsyncIterator[EventLog]:
    async with EventLog(database, backlog_max=5000).running() as log:
        yield log


async def stored(database: Database) -> list[LoggedEvent]:
    async with database.transaction() as session:
        return list(await session.scalars(select(LoggedEvent).order_by(LoggedEvent.at, LoggedEvent.id)))


def click(**fields: object) -> Event:
    return Event(kind="click", **{"at": utc_now(), **fields})  # type: ignore[arg-type]


async def test_what_is_acknowledged_is_there_with_all_its_columns(log: EventLog, database: Database) -> None:
    event = click(
        share_id=uuid4(),
        moment_id=uuid4(),
        title_id=uuid4(),
        visitor="v1",
        viewer_id=uuid4(),
        channel="whatsapp",
        territory="DE",
        verdict="human",
        verdict_reason="none\tof\\the\nlists",
        verdict_rule="2026-1",
        inputs={"ua": 'Mozilla "5.0" \\N \t tab \n 🎬'},
    )
    sale = Event(kind="subscription", at=utc_now(), amount_minor=1299, currency="EUR")
    await log.append(event, sale)
    first, second = await stored(database)
    assert {name: getattr(first, name) for name in event.row()} == event.row()
    assert (second.amount_minor, second.currency, second.verdict, second.inputs) == (1299, "EUR", None, None)
    assert abs(first.received_at - utc_now()) < timedelta(minutes=1)


async def test_many_writers_share_commits(log: EventLog, database: Database) -> None:
    await asyncio.gather(*[log.append(click(), click()) for _ in range(300)])
    rows = await stored(database)
    assert len(rows) == 600
    assert len({row.xid for row in rows}) < 30


async def test_a_repeat_is_acknowledged_and_stored_once(log: EventLog, database: Database) -> None:
    event, other = click(), click()
    await log.append(event)
    await asyncio.gather(log.append(event, other), log.append(event), log.append(click()))
    assert len(await stored(database)) == 3


async def test_a_repeat_with_other_content_refuses_its_batch_and_no_other(log: EventLog, database: Database) -> None:
    event = click(channel="x")
    await log.append(event)
    forged = Event(kind="click", at=event.at, id=event.id, channel="sms")
    results = await asyncio.gather(log.append(click(), forged), log.append(click(channel="qr")), return_exceptions=True)
    assert isinstance(results[0], EventConflict)
    assert results[0].members["events"] == [str(event.id)]
    assert results[1] is None
    assert sorted(row.channel or "" for row in await stored(database)) == ["qr", "x"]


async def test_an_unstorable_value_refuses_its_batch_and_no_other(log: EventLog, database: Database) -> None:
    results = await asyncio.gather(log.append(click(territory="DEU")), log.append(click()), return_exceptions=True)
    assert isinstance(results[0], Invalid)
    assert len(await stored(database)) == 1


async def test_late_events_land_in_their_own_day(log: EventLog, database: Database) -> None:
    long_ago = utc_now() - timedelta(days=90)
    await asyncio.gather(log.append(click(at=long_ago)), log.append(click(at=long_ago + timedelta(days=1))))
    async with database.transaction() as session:
        tables = set(await session.scalars(text("SELECT tableoid::regclass::text FROM events")))
    assert tables == {f"events_{day:%Y%m%d}" for day in (long_ago, long_ago + timedelta(days=1))}


async def test_events_survive_the_drop_of_a_day(log: EventLog, database: Database) -> None:
    old = utc_now() - timedelta(days=50)
    await log.append(click(at=old))
    async with database.transaction() as session:
        await session.execute(text(f"DROP TABLE events_{old:%Y%m%d}"))
    await log.append(click(at=old))
    assert len(await stored(database)) == 1


async def test_two_processes_make_the_same_day_at_once(database: Database) -> None:
    old = utc_now() - timedelta(days=77)
    async with EventLog(database, 100).running() as one, EventLog(database, 100).running() as other:
        await asyncio.gather(one.append(click(at=old)), other.append(click(at=old)))
    assert len(await stored(database)) == 2


async def test_too_much_waiting_is_refused_before_memory_grows(database: Database) -> None:
    async with EventLog(database, backlog_max=3).running() as log:
        results = await asyncio.gather(
            log.append(click(), click()), log.append(click(), click()), return_exceptions=True
        )
        assert results[0] is None
        assert isinstance(results[1], Backlogged)
        assert results[1].headers == {"Retry-After": "1"}
        await log.append(click())
    assert len(await stored(database)) == 3


async def test_what_waits_at_the_end_is_committed(database: Database) -> None:
    async with EventLog(database, 100).running() as log:
        waiting = asyncio.create_task(log.append(click()))
        await asyncio.sleep(0)
    await waiting
    assert len(await stored(database)) == 1


async def test_recorded_events_share_the_fate_of_the_transaction(database: Database) -> None:
    event = click(at=utc_now() - timedelta(days=33))
    async with database.sessions() as session:
        await record(session, event)
        await session.rollback()
    assert await stored(database) == []
    for _ in range(2):
        async with database.transaction() as session:
            await record(session, event)
    assert [row.id for row in await stored(database)] == [event.id]


@pytest.mark.parametrize("change", ["UPDATE events SET channel = 'x'", "DELETE FROM events"])
async def test_the_log_cannot_be_altered(log: EventLog, database: Database, change: str) -> None:
    await log.append(click())
    with pytest.raises(IntegrityError, match="only ever appended"):
        async with database.transaction() as session:
            await session.execute(text(change))


async def test_acknowledged_events_survive_a_killed_database(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres")
    server.start()
    try:
        migrate(server.url())
        database = Database(server.url())
        async with EventLog(database, 50_000).running() as log:
            acknowledged: list[Event] = []

            async def keep_writing(until: int) -> None:
                while len(acknowledged) < until:
                    event = click()
                    await log.append(event)
                    acknowledged.append(event)

            for _ in range(2):
                goal = len(acknowledged) + 1000
                writers = [asyncio.create_task(keep_writing(goal)) for _ in range(8)]
                await log.append(click())
                kill_everything(server)
                await asyncio.gather(*writers)
            async with database.transaction() as session:
                ids = list(await session.scalars(select(LoggedEvent.id)))
        assert len(ids) == len(set(ids))
        assert {event.id for event in acknowledged} <= set(ids)
        assert len(ids) <= len(acknowledged) + 2
        await database.close()
    finally:
        server.stop()


def kill_everything(server: EmbeddedPostgres) -> None:
    """kill -9 of the postmaster and all that it started."""
    pid = server.postmaster_pid()
    assert pid is not None
    for process in [*psutil.Process(pid).children(), psutil.Process(pid)]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
