"""An appended event is committed when acknowledged, once, whatever happens to the database meanwhile."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from groundswell.events.event import Event
from groundswell.events.log import writer
from groundswell.events.log.conflicts import EventConflict
from groundswell.events.log.event_log import Backlogged, EventLog, record
from groundswell.events.log.writer import Batch, LogWriter
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


async def come_back(
    log: EventLog, *batches: list[Event], meanwhile: Callable[[], Awaitable[None]] | None = None
) -> list[BaseException | None]:
    """Append ``batches`` one by one while the log waits for all of them, so that it sends some before others come;
    ``meanwhile`` is done when the first are sent."""
    sent_early: list[bool] = []
    send = LogWriter.send

    def noting(writer: LogWriter, some: list[Batch]) -> bool:
        sent_early.append(send(writer, some))
        return sent_early[-1]

    await log.append(click())
    log._expected, log._commit_s = len(batches), 10.0
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(LogWriter, "send", noting)
        patched.setattr("groundswell.events.log.event_log.GATHER_MAX_S", 10.0)
        waiting = []
        for batch in batches:
            waiting.append(asyncio.ensure_future(log.append(*batch)))
            for _ in range(2000 if len(waiting) == 1 else 1):  # PostgreSQL may have other work
                await asyncio.sleep(0.001)
                if log._writer._copy._accepted:
                    break
            if any(sent_early) and meanwhile is not None:
                await meanwhile()
                meanwhile = None
        results = await asyncio.gather(*waiting, return_exceptions=True)
    assert any(sent_early)
    return results


async def test_what_comes_early_is_sent_early_and_committed_with_the_rest(log: EventLog, database: Database) -> None:
    batches = [[click(), click()] for _ in range(30)]
    assert await come_back(log, *batches) == [None] * 30
    ids = {event.id for batch in batches for event in batch}
    rows = [row for row in await stored(database) if row.id in ids]
    assert len(rows) == 60
    assert len({row.xid for row in rows}) == 1


async def test_of_what_was_sent_early_only_what_cannot_stay_is_refused(log: EventLog, database: Database) -> None:
    known = click(channel="x")
    await log.append(known)
    forged = Event(kind="click", at=known.at, id=known.id, channel="sms")
    batches = [[click()], [known], [forged], [click(territory="DEU")], *[[click()] for _ in range(26)]]
    results = await come_back(log, *batches)
    assert isinstance(results[2], EventConflict)
    assert isinstance(results[3], Invalid)
    assert [n for n, result in enumerate(results) if result is not None] == [2, 3]
    assert len(await stored(database)) == 2 + 27


async def test_who_repeats_does_not_cost_the_others_a_commit_each(log: EventLog, database: Database) -> None:
    known = click()
    await log.append(known)
    batches = [*[[click()] for _ in range(20)], [known], *[[click()] for _ in range(43)]]
    assert await come_back(log, *batches) == [None] * 64
    ids = {event.id for batch in batches for event in batch} - {known.id}
    rows = [row for row in await stored(database) if row.id in ids]
    assert len(rows) == 63
    assert len({row.xid for row in rows}) <= 6


async def test_what_was_sent_early_is_there_once_when_a_new_day_comes_after_it(
    log: EventLog, database: Database
) -> None:
    batches = [*[[click()] for _ in range(20)], [click(at=utc_now() - timedelta(days=71))], *[[click()] for _ in "12"]]
    assert await come_back(log, *batches) == [None] * 23
    assert len(await stored(database)) == 1 + 23


async def test_what_was_sent_early_is_there_once_when_the_connection_breaks(log: EventLog, database: Database) -> None:
    async def break_it() -> None:
        async with await database.connect(autocommit=True) as beside:
            end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY events%'"
            assert await (await beside.execute(end)).fetchall()

    results = await come_back(log, *[[click()] for _ in range(60)], meanwhile=break_it)
    assert results == [None] * 60
    assert len(await stored(database)) == 1 + 60


async def test_a_connection_that_falls_silent_is_left_for_another(
    log: EventLog, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backend that is stopped neither answers nor hangs up: nobody waits for it for good."""
    monkeypatch.setattr(writer, "STALLED_AFTER_S", 0.5)
    await log.append(click())
    connection = log._writer._connection
    assert connection is not None
    backend = connection.info.backend_pid
    os.kill(backend, signal.SIGSTOP)
    try:
        await log.append(click())
    finally:
        os.kill(backend, signal.SIGCONT)
    assert len(await stored(database)) == 2


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


@pytest.mark.slow
async def test_acknowledged_events_survive_a_killed_database(server_folder: Path) -> None:
    server = EmbeddedPostgres(server_folder / "postgres")
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


async def test_days_that_are_new_one_after_another_in_one_transaction(database: Database) -> None:
    """The first write holds the log's lock; what is made beside it afterwards must be heard of all the same."""
    async with database.transaction() as session:
        for days in range(40, 60):
            await record(session, Event(kind="click", at=utc_now() - timedelta(days=days)))
    async with database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(LoggedEvent)) == 20
