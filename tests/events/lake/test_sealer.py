"""Every committed event is in the lake exactly once, whenever it committed and whatever was killed."""

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, text, update

from groundswell.attribution import lake as credits_lake
from groundswell.events.event import Event
from groundswell.events.lake import sealer as sealer_module
from groundswell.events.lake.delta import EVENTS, PROPERTIES, files_between, lake_url, open_delta
from groundswell.events.lake.lag import LATE, lake_lag
from groundswell.events.lake.sealer import LakeOfAnotherDatabase, Sealer, compact
from groundswell.events.log.event_log import EventLog, record
from groundswell.events.tables import LakeSeal, LoggedEvent
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.locks import Lock
from groundswell.platform.settings import Settings
from tests.programs import telling

pytestmark = pytest.mark.usefixtures("still_server")


@pytest.fixture
def sealer(database_url: str, settings: Settings) -> Iterator[Sealer]:
    sealer = Sealer(database_url, settings)
    yield sealer
    sealer.close()


def in_lake(settings: Settings) -> list[dict[str, Any]]:
    delta = open_delta(settings, EVENTS)
    return [] if delta is None else delta.to_pyarrow_table().to_pylist()


async def add(database: Database, *events: Event) -> None:
    async with database.transaction() as session:
        await record(session, *events)


def click(**fields: Any) -> Event:
    return Event(kind="click", **{"at": utc_now(), **fields})


async def test_a_sealed_row_says_what_was_logged(database: Database, settings: Settings, sealer: Sealer) -> None:
    event = click(
        channel="x",
        verdict="human",
        inputs={"ua": "Ünï\tcode"},
        visitor="v",
        territory="DE",
        amount_minor=5,
        currency="EUR",
    )
    await add(database, event)
    assert sealer.seal()["events"].rows == 1
    (row,) = in_lake(settings)
    assert (row["id"], row["at"], row["day"]) == (str(event.id), event.at, event.at.date())
    assert {name: row[name] for name in ("kind", "channel", "verdict", "visitor", "amount_minor", "currency")} == {
        "kind": "click",
        "channel": "x",
        "verdict": "human",
        "visitor": "v",
        "amount_minor": 5,
        "currency": "EUR",
    }
    assert row["inputs"] == '{"ua": "Ünï\\tcode"}'


AWKWARD = ["", " ", '"', '""', "a,b", "line\nbreak\r\n", "\\N", "\\.", "\ttab", "NULL", "Ünï ✓ 🌊", "'; --", None]


async def test_awkward_text_is_sealed_as_it_was(database: Database, settings: Settings, sealer: Sealer) -> None:
    events = [click(verdict_reason=text, channel=text) for text in AWKWARD]
    await add(database, *events)
    sealer.seal()
    found = {row["id"]: (row["verdict_reason"], row["channel"]) for row in in_lake(settings)}
    assert found == {str(event.id): (event.verdict_reason, event.channel) for event in events}


async def test_sealing_again_adds_only_what_is_new(database: Database, settings: Settings, sealer: Sealer) -> None:
    assert sealer.seal()["events"].rows == 0
    events = [click(at=utc_now() - timedelta(days=days)) for days in range(5)]
    for event in events:
        await add(database, event)
        sealer.seal()
        sealer.seal()
    assert Counter(row["id"] for row in in_lake(settings)) == Counter(str(event.id) for event in events)


async def test_what_commits_late_is_not_skipped(database: Database, settings: Settings, sealer: Sealer) -> None:
    early, late = click(), click()
    async with database.sessions() as slow:
        await record(slow, late)
        await add(database, early)
        held = sealer.seal()["events"]
        assert (held.rows, in_lake(settings)) == (0, [])
        await slow.commit()
    sealer.seal()
    assert {row["id"] for row in in_lake(settings)} == {str(early.id), str(late.id)}
    assert held.as_of <= utc_now()


async def test_how_fresh_the_lake_is_counts_what_is_held_back(database: Database, sealer: Sealer) -> None:
    async with database.sessions() as slow:
        await slow.execute(text("SELECT pg_current_xact_id()"))
        before = utc_now()
        await add(database, click())
        held = sealer.seal()["events"]
        after = utc_now()
        assert before - timedelta(seconds=1) <= held.as_of <= after
        await asyncio.sleep(0.3)
        assert sealer.seal()["events"].as_of == held.as_of
        await slow.rollback()
    assert sealer.seal()["events"].as_of > held.as_of
    async with database.transaction() as session:
        assert set(await session.scalars(select(LakeSeal.name))) >= {"events"}


async def test_a_crash_after_the_commit_to_the_lake_does_not_double(
    database: Database, database_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(database, click(), click())
    first = Sealer(database_url, settings)

    def crash(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("groundswell.events.lake.sealer._note", crash)
        with pytest.raises(KeyboardInterrupt):
            first.seal()
    first.close()
    assert len(in_lake(settings)) == 2
    second = Sealer(database_url, settings)
    assert second.seal()["events"].rows == 0
    second.close()
    assert len(in_lake(settings)) == 2


async def test_only_one_seals(database: Database, database_url: str, settings: Settings, sealer: Sealer) -> None:
    other = Sealer(database_url, settings)
    assert sealer.seal()
    assert other.seal() == {}
    sealer.close()
    assert other.seal()
    other.close()


async def test_two_sealers_that_met_could_not_both_commit(
    database: Database, database_url: str, settings: Settings, sealer: Sealer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(database, click())
    sealer.seal()
    other = Sealer(database_url, settings)
    monkeypatch.setattr("groundswell.events.lake.sealer.Lock", SimpleNamespace(SEALING=Lock.IMPORT))
    other.seal()
    await add(database, click())
    assert sealer.seal()["events"].rows == 1
    with pytest.raises(Exception, match=r"Concurrent transaction"):
        other.seal()
    other.close()
    assert len(in_lake(settings)) == 2


async def test_large_backlogs_are_sealed_in_pieces(
    database: Database, settings: Settings, sealer: Sealer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groundswell.events.lake.sealer.ROWS_MAX", 3)
    for count in (1, 2, 5, 1, 1, 1):
        await add(database, *[click() for _ in range(count)])
    assert sealer.seal()["events"].rows == 11
    delta = open_delta(settings, EVENTS)
    assert delta is not None
    assert delta.version() > 2
    assert len({row["id"] for row in in_lake(settings)}) == 11


async def test_compaction_keeps_every_row_and_the_position(
    database: Database, settings: Settings, sealer: Sealer
) -> None:
    for _ in range(4):
        await add(database, click())
        sealer.seal()
    delta = open_delta(settings, EVENTS)
    assert delta is not None
    assert len(delta.file_uris()) == 4
    compact(delta)
    sealer.close()
    assert len(open_delta(settings, EVENTS).file_uris()) == 1  # type: ignore[union-attr]
    await add(database, click())
    assert sealer.seal()["events"].rows == 1
    assert len({row["id"] for row in in_lake(settings)}) == len(in_lake(settings)) == 5


async def test_the_files_are_few_however_often_it_is_sealed(
    database: Database, settings: Settings, sealer: Sealer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealer_module, "COMPACT_EVERY", 4)
    with monkeypatch.context() as earlier:
        earlier.setitem(PROPERTIES, "delta.logRetentionDuration", "interval 30 days")
        await add(database, click())
        sealer.seal(wait=True)
    most = 0
    for _ in range(13):
        await add(database, click())
        sealer.seal(wait=True)
        delta = open_delta(settings, EVENTS)
        assert delta is not None
        most = max(most, len(delta.file_uris()))
    assert most <= 6, "what is read is joined again and again"
    assert len(in_lake(settings)) == 14
    kept = open_delta(settings, EVENTS)
    assert kept is not None
    assert kept.metadata().configuration["delta.logRetentionDuration"] == "interval 1 hours"


async def test_reading_a_day_reads_only_its_files(database: Database, settings: Settings, sealer: Sealer) -> None:
    today = utc_now()
    await add(database, click(), click(at=today - timedelta(days=9)))
    sealer.seal()
    delta = open_delta(settings, EVENTS)
    assert delta is not None
    assert len(files_between(delta, today.date(), today.date())) == 1
    assert len(files_between(delta, today.date() - timedelta(days=9), today.date())) == 2


async def test_a_lake_of_another_database_is_refused(
    database: Database, database_url: str, settings: Settings, sealer: Sealer
) -> None:
    await add(database, click())
    sealer.seal()
    delta = open_delta(settings, EVENTS)
    assert delta is not None
    delta.alter.set_table_description("groundswell:1:1")
    sealer.close()
    with pytest.raises(LakeOfAnotherDatabase, match="GROUNDSWELL_LAKE_URL"):
        sealer.seal()


async def test_a_lake_that_is_gone_is_sealed_anew(database: Database, settings: Settings, sealer: Sealer) -> None:
    await add(database, click(), click())
    sealer.seal()
    sealer.close()
    shutil.move(lake_url(settings, EVENTS), settings.data_dir / "moved")
    assert sealer.seal()["events"].rows == 2
    assert len(in_lake(settings)) == 2


def test_credit_is_sealed_too() -> None:
    assert credits_lake.CREDITS.columns["weight_ppm"] == "integer"


SEALING = """
import sys
from pathlib import Path
from groundswell.events.lake.sealer import Sealer
from groundswell.platform.settings import Settings
sealer = Sealer(sys.argv[1], Settings(data_dir=Path(sys.argv[2])))
while True:
    sealer.seal(wait=True)
    print("sealed", flush=True)
"""


@pytest.mark.slow
async def test_a_sealer_killed_again_and_again_loses_and_doubles_nothing(
    database: Database, database_url: str, settings: Settings
) -> None:
    async with EventLog(database, 10_000).running() as log:
        writing = True

        async def write() -> list[Event]:
            written: list[Event] = []
            while writing:
                batch = [click(), click()]
                await log.append(*batch)
                written += batch
                await asyncio.sleep(0.005)
            return written

        writer = asyncio.create_task(write())
        for _ in range(3):
            await asyncio.to_thread(seal_and_kill, database_url, settings)
        writing = False
        written = await writer
    sealer = Sealer(database_url, settings)
    sealer.seal(wait=True)
    sealer.close()
    assert Counter(row["id"] for row in in_lake(settings)) == Counter(str(event.id) for event in written)


def seal_and_kill(url: str, settings: Settings) -> None:
    """A process of its own that seals without pause, killed in the middle of its work."""
    with telling(SEALING, url, str(settings.data_dir)) as (_, said):
        for _ in range(5):
            assert said.readline() == b"sealed\n"


@pytest.mark.parametrize("before", [0, 2])
async def test_a_transaction_of_more_rows_than_a_commit_takes_is_sealed_within(
    database: Database,
    database_url: str,
    settings: Settings,
    sealer: Sealer,
    monkeypatch: pytest.MonkeyPatch,
    before: int,
) -> None:
    """Also when the sealer is killed between two commits within it: the next goes on from there."""
    monkeypatch.setattr("groundswell.events.lake.sealer.ROWS_MAX", 3)
    events = [click() for _ in range(before + 10)]
    for event in events[:before]:
        await add(database, event)
    await add(database, *events[before:])
    write, commits = sealer_module._write, 0

    def write_twice(*given: Any) -> None:
        nonlocal commits
        commits += 1
        if commits == 3:
            raise KeyboardInterrupt
        write(*given)

    with monkeypatch.context() as patched:
        patched.setattr(sealer_module, "_write", write_twice)
        with pytest.raises(KeyboardInterrupt):
            sealer.seal()
    sealer.close()
    assert len(in_lake(settings)) == 6
    later = click()
    await add(database, later)
    second = Sealer(database_url, settings)
    assert second.seal()["events"].rows == before + 10 - 6 + 1
    assert second.seal()["events"].rows == 0
    second.close()
    assert Counter(row["id"] for row in in_lake(settings)) == Counter(str(event.id) for event in [*events, later])
    async with database.transaction() as session:
        assert (await session.get_one(LakeSeal, "events")).as_of <= utc_now()
        assert await lake_lag(session) == timedelta(0)


async def test_how_far_the_lake_is_behind(database: Database, sealer: Sealer) -> None:
    async def lag() -> timedelta:
        async with database.transaction() as session:
            return await lake_lag(session)

    async def pass_time(**time: float) -> None:
        """Let all that is there have been there for longer."""
        async with database.transaction() as session:
            await session.execute(update(LakeSeal).values(as_of=LakeSeal.as_of - timedelta(**time)))
            await session.execute(text("ALTER TABLE events DISABLE TRIGGER USER"))
            await session.execute(update(LoggedEvent).values(received_at=LoggedEvent.received_at - timedelta(**time)))
            await session.execute(text("ALTER TABLE events ENABLE TRIGGER USER"))

    assert await lag() == timedelta(0)
    await add(database, click())
    assert await lag() < LATE
    await pass_time(hours=3)
    assert timedelta(hours=2.9) < await lag() < timedelta(hours=3.1)
    sealer.seal()
    assert await lag() == timedelta(0)
    await pass_time(hours=3)
    assert await lag() == timedelta(0), "nothing waits"
    await add(database, click())
    assert await lag() < LATE, "it came only now"
    await pass_time(minutes=5)
    assert timedelta(minutes=4.9) < await lag() < timedelta(minutes=5.1)
