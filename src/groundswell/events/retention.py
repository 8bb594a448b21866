"""Letting go of old days of the hot event log: a day is dropped whole, once all of it is in the lake.

What a touch or a credit says is in rows of their own, so credit goes on as before; and a day stays at least as long as
its visits can still be bound to a viewer. Events of a day that is gone are refused, as nobody could tell whether they
are repeats.
"""

from datetime import date, timedelta
from typing import Any

import psycopg
import structlog
from psycopg import sql

from groundswell.platform.settings import Settings

from .partitions import partition

log = structlog.get_logger(__name__)

LOCK = 0x6F6C64  # "old": one process drops at a time
A_DAY = timedelta(days=1)


def kept_for(settings: Settings) -> timedelta:
    """How long events stay in PostgreSQL."""
    return timedelta(days=max(settings.event_keep_days, settings.attribution_window_days + 1))


async def drop_old_days(connection: psycopg.AsyncConnection[Any], settings: Settings, today: date) -> list[date]:
    """Drop the days that are old enough and sealed; returns them.

    Args:
        connection: in autocommit, so that each day is dropped by itself.
    """
    first_kept = today - kept_for(settings) - A_DAY
    cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
    if (row := await cursor.fetchone()) is None or not row[0]:
        return []
    try:
        dropped = []
        for day in await _days_before(connection, first_kept):
            if await _sealed(connection, day):
                await connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(partition(day))))
                dropped.append(day)
                log.info("event_day_dropped", day=day.isoformat())
        return dropped
    finally:
        await connection.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


async def _days_before(connection: psycopg.AsyncConnection[Any], day: date) -> list[date]:
    cursor = await connection.execute(
        "SELECT to_date(right(c.relname, 8), 'YYYYMMDD') FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
        "WHERE i.inhparent = 'events'::regclass"
    )
    return sorted(row[0] for row in await cursor.fetchall() if row[0] < day)


async def _sealed(connection: psycopg.AsyncConnection[Any], day: date) -> bool:
    """Whether every row of ``day`` is in the lake."""
    cursor = await connection.execute(
        sql.SQL(
            "SELECT coalesce((SELECT max(xid::text::bigint) FROM {}), 0) "
            "< coalesce((SELECT position FROM lake_seals WHERE name = 'events'), 0)"
        ).format(sql.Identifier(partition(day)))
    )
    row = await cursor.fetchone()
    return row is not None and bool(row[0])
