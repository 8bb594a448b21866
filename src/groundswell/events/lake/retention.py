"""Letting go of old days of the hot event log: a day is taken out whole, once all of it is in the lake.

Nothing is dropped at once. A day that is old by a clock that can be trusted (``platform/trusted_clock.py``), sealed,
and of which the lake holds as many rows as PostgreSQL, is moved aside; after ``GRACE`` it is counted again and dropped.
Until then ``put_back`` undoes it, and afterwards ``restore`` brings it back from the lake.

What a touch or a credit says is in rows of their own, so credit goes on as before; and a day stays at least as long as
its visits can still be bound to a viewer. Events of a day that is gone are refused, as nobody could tell whether they
are repeats.
"""

import asyncio
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
import structlog
from psycopg import sql

from groundswell.events.log.partitions import ensure_days, kept_for, partition
from groundswell.platform.locks import Lock, held
from groundswell.platform.settings import Settings

from .delta import EVENTS, open_delta

log = structlog.get_logger(__name__)

A_DAY = timedelta(days=1)
GRACE = timedelta(days=7)
RESTORED = 3
"""The transaction that restored rows carry: the first of any database, long sealed."""

Connection = psycopg.AsyncConnection[Any]


def aside(day: date) -> str:
    """The table that holds ``day`` once it was moved aside."""
    return f"aside_events_{day:%Y%m%d}"


async def drop_old_days(connection: Connection, settings: Settings, now: datetime) -> list[date]:
    """Move aside the days that are old enough, sealed and counted; drop those that have lain aside for long enough.
    Returns the days moved aside.

    Args:
        connection: in autocommit, so that each day is settled by itself.
        now: by a clock that can be trusted.
    """
    async with held(connection, Lock.RETENTION, wait=False) as alone:
        if not alone:
            return []
        moved = []
        for day in await _days_before(connection, now.date() - kept_for(settings) - A_DAY):
            if await _sealed(connection, day) and await _counted(connection, settings, day, partition(day)):
                await _move_aside(connection, day, now)
                moved.append(day)
        await _drop_aside(connection, settings, now)
        return moved


async def _move_aside(connection: Connection, day: date, now: datetime) -> None:
    old, new = sql.Identifier(partition(day)), sql.Identifier(aside(day))
    async with connection.transaction():
        await connection.execute(sql.SQL("ALTER TABLE events DETACH PARTITION {}").format(old))
        await connection.execute(sql.SQL("ALTER TABLE {} RENAME TO {}").format(old, new))
        await connection.execute("INSERT INTO days_aside (day, moved_at) VALUES (%s, %s)", [day, now])
    log.info("event_day_moved_aside", day=day.isoformat(), dropped_from=(now + GRACE).isoformat())


async def _drop_aside(connection: Connection, settings: Settings, now: datetime) -> None:
    cursor = await connection.execute("SELECT day FROM days_aside WHERE moved_at < %s ORDER BY day", [now - GRACE])
    for (day,) in await cursor.fetchall():
        if not await _counted(connection, settings, day, aside(day)):
            log.error("event_day_not_in_lake", day=day.isoformat())
            continue
        async with connection.transaction():
            await connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(aside(day))))
            await connection.execute("DELETE FROM days_aside WHERE day = %s", [day])
        log.info("event_day_dropped", day=day.isoformat())


async def put_back(connection: Connection) -> list[date]:
    """Attach the days that lie aside again; returns them."""
    cursor = await connection.execute("SELECT day FROM days_aside ORDER BY day")
    days = [row[0] for row in await cursor.fetchall()]
    for day in days:
        old, new = sql.Identifier(aside(day)), sql.Identifier(partition(day))
        edges = [sql.Literal(f"{edge.isoformat()} 00:00:00+00") for edge in (day, day + A_DAY)]
        async with connection.transaction():
            await connection.execute(sql.SQL("ALTER TABLE {} RENAME TO {}").format(old, new))
            await connection.execute(
                sql.SQL("ALTER TABLE events ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})").format(new, *edges)
            )
            await connection.execute("DELETE FROM days_aside WHERE day = %s", [day])
    return days


async def restore(connection: Connection, settings: Settings, first: date, last: date) -> int:
    """Bring the events of the days from ``first`` to ``last`` back from the lake; returns how many were missing.

    They count as sealed, so they are not sealed twice.
    """
    restored = 0
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    for day in days:
        rows = await asyncio.to_thread(_lake_rows, settings, day)
        if not rows:
            continue
        await ensure_days(connection, [day])
        names = [*EVENTS.columns, "xid"]
        holders = sql.SQL(", ").join([*(sql.Placeholder() for _ in EVENTS.columns), sql.SQL("%s::text::xid8")])
        statement = sql.SQL("INSERT INTO events ({}) VALUES ({}) ON CONFLICT DO NOTHING").format(
            sql.SQL(", ").join(map(sql.Identifier, names)), holders
        )
        async with connection.transaction():
            for row in rows:
                cursor = await connection.execute(statement, [*row, str(RESTORED)])
                restored += cursor.rowcount
    return restored


def _lake_rows(settings: Settings, day: date) -> list[list[Any]]:
    delta = open_delta(settings, EVENTS)
    if delta is None:
        return []
    columns = list(EVENTS.columns)
    table = delta.to_pyarrow_table(filters=[("day", "=", day)], columns=columns)
    return [[row[name] for name in columns] for row in table.to_pylist()]


async def _days_before(connection: Connection, day: date) -> list[date]:
    cursor = await connection.execute(
        "SELECT to_date(right(c.relname, 8), 'YYYYMMDD') FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
        "WHERE i.inhparent = 'events'::regclass"
    )
    return sorted(row[0] for row in await cursor.fetchall() if row[0] < day)


async def _sealed(connection: Connection, day: date) -> bool:
    """Whether every row of ``day`` is in the lake, as the sealer's position says."""
    cursor = await connection.execute(
        sql.SQL(
            "SELECT coalesce((SELECT max(xid::text::bigint) FROM {}), 0) "
            "< coalesce((SELECT position FROM lake_seals WHERE name = 'events'), 0)"
        ).format(sql.Identifier(partition(day)))
    )
    row = await cursor.fetchone()
    return row is not None and bool(row[0])


async def _counted(connection: Connection, settings: Settings, day: date, table: str) -> bool:
    """Whether the lake holds as many rows of ``day`` as ``table``, by its own count."""
    cursor = await connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
    row = await cursor.fetchone()
    here = 0 if row is None else int(row[0])
    return here == 0 or await asyncio.to_thread(_lake_count, settings, day) >= here


def _lake_count(settings: Settings, day: date) -> int:
    """How many rows of ``day`` the lake holds."""
    delta = open_delta(settings, EVENTS)
    if delta is None:
        return 0
    table = delta.to_pyarrow_table(filters=[("day", "=", day)], columns=["id"])
    return int(table.num_rows)
