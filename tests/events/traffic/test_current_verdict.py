"""The current verdict is the same in every form there is of it, and nobody reads another."""

import random
import re
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import ibis
import pyarrow as pa
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

import groundswell
from groundswell.events.event import Event
from groundswell.events.log.event_log import record
from groundswell.events.tables import JudgedEvent, LoggedEvent, Reverdict
from groundswell.events.traffic.current_verdict import judged, once_human_as_of, verdict_as_of
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.ids import uuid7

SOURCES = Path(groundswell.__file__).parent
KINDS = ("human", "robot", "unfurl", None)


async def histories(session: AsyncSession, count: int) -> dict[UUID, str | None]:
    """Events, most of them judged again up to four times, often at one instant; each with the verdict it must have."""
    chance, now = random.Random(7), utc_now()
    events = [
        Event(kind="click", id=uuid7(), at=now - timedelta(hours=n % 30), verdict=chance.choice(KINDS))
        for n in range(count)
    ]
    await record(session, *events)
    expected: dict[UUID, str | None] = {event.id: event.verdict for event in events}
    later: dict[UUID, list[tuple[datetime, UUID, str]]] = defaultdict(list)
    for event in events:
        for rule in range(chance.randrange(5)):
            judged_at, kind, id = now - timedelta(minutes=chance.randrange(3)), chance.choice(KINDS[:3]), uuid7()
            row = {"id": id, "event_id": event.id, "at": event.at, "created_at": judged_at, "kind": kind}
            session.add(Reverdict(**row, reason="because", rule=str(rule), traffic=None))
            later[event.id].append((judged_at, id, kind))
    await session.flush()
    return expected | {id: max(verdicts)[2] for id, verdicts in later.items()}


async def test_every_form_says_the_same(database: Database) -> None:
    async with database.transaction() as session:
        expected = await histories(session, 300)
        mapped = {event.id: event.verdict for event in await session.scalars(select(JudgedEvent))}
        view = await session.execute(text("SELECT id, verdict FROM judged_events"))
        logged = [_text(row) for row in await session.scalars(select(LoggedEvent))]
        verdicts = [_text(row) for row in await session.scalars(select(Reverdict))]
    async with database.transaction() as session:
        as_of = f"SELECT e.id, {verdict_as_of('pg_current_snapshot()')} FROM events e"
        counted = await session.execute(text(as_of))
    assert mapped == expected
    assert dict(map(tuple, view)) == expected  # type: ignore[arg-type]
    assert dict(map(tuple, counted)) == expected  # type: ignore[arg-type]
    lake = judged(*(ibis.memtable(pa.Table.from_pylist(rows)) for rows in (logged, verdicts)))
    assert {UUID(row["id"]): row["verdict"] for row in lake.to_pyarrow().to_pylist()} == expected


def _text(row: LoggedEvent | Reverdict) -> dict[str, object]:
    names = {column.key for column in row.__table__.columns} - {"inputs", "xid"}
    return {name: str(value) if isinstance(value := getattr(row, name), UUID) else value for name in names}


async def test_as_of_a_snapshot_a_later_verdict_is_not_there_yet(database: Database) -> None:
    event = Event(kind="play", id=uuid7(), at=utc_now(), verdict="human")
    async with database.transaction() as session:
        await record(session, event)
    async with database.transaction() as session:
        before = await session.scalar(text("SELECT pg_current_snapshot()::text"))
        row = {"event_id": event.id, "at": event.at, "kind": "robot", "reason": "ring", "rule": "1"}
        session.add(Reverdict(**row, traffic="sivt"))
    async with database.transaction() as session:
        question = f"SELECT {verdict_as_of(':seen')}, {once_human_as_of(':seen')} FROM events e"
        after = await session.scalar(text("SELECT pg_current_snapshot()::text"))
        assert (await session.execute(text(question), {"seen": before})).one() == ("human", True)
        assert (await session.execute(text(question), {"seen": after})).one() == ("robot", True)
        assert (await session.scalars(select(JudgedEvent.verdict))).one() == "robot"


async def test_the_newest_verdict_is_looked_up_by_index(database: Database) -> None:
    """The view in a scalar subquery is not computed whole: it would grow with every verdict there is."""
    async with database.transaction() as session:
        await histories(session, 300)
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        question = "EXPLAIN SELECT count(*) FROM judged_events WHERE verdict = 'human'"
        plan = "\n".join(await session.scalars(text(question)))
    assert re.search(r"Index Cond: \(\(\w*\.?at = e(_\d+)?\.at\) AND \(\w*\.?event_id = e(_\d+)?\.id\)\)", plan), plan


FIRST_VERDICT_WANTED = {
    "attribution/credits.py": "hands the newest verdict of a visit on to the conversions that it led to",
    "discovery/refresh.py": "counts a day again when any verdict of it changed",
    "attribution/reverdicts.py": "judges visits again: what was logged is what it starts from",
    "attribution/touches.py": "notes whose a visit was; eligibility is asked when credit is given",
}


def test_nobody_reads_the_first_verdict_in_place_of_the_current_one() -> None:
    """Outside the events room only the views are read: ``events`` has the verdict that was logged, and ``verdicts`` all
    that ever were."""
    found = set()
    for path in SOURCES.rglob("*.py"):
        name = str(path.relative_to(SOURCES))
        if name.startswith("events/") or name in FIRST_VERDICT_WANTED:
            continue
        source = path.read_text()
        if re.search(r"LoggedEvent\.verdict\b|\b(FROM|JOIN) verdicts\b", source):
            found.add(name)
        for query in re.findall(r'"""(.*?)"""', source, re.DOTALL):
            if re.search(r"\b(FROM|JOIN) events\b", query) and re.search(r"\be\.verdict\b", query):
                found.add(name)
    assert found == set()
