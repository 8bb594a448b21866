"""The days of the event log: one partition each, made ahead of need and on demand."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import psycopg
from psycopg import sql

from groundswell.platform.clock import utc_now
from groundswell.platform.locks import Lock, taking
from groundswell.platform.settings import Settings

AHEAD = 2


def partition(day: date) -> str:
    """The table that holds ``day``."""
    return f"events_{day:%Y%m%d}"


def kept_for(settings: Settings) -> timedelta:
    """How long events stay in PostgreSQL."""
    return timedelta(days=max(settings.event_keep_days, settings.attribution_window_days + 1))


def days_ahead() -> list[date]:
    """Today and the days for which partitions are kept ready (yesterday too: clocks differ)."""
    today = utc_now().date()
    return [today + timedelta(days=n) for n in range(-1, AHEAD + 1)]


async def missing_days(connection: psycopg.AsyncConnection[Any], days: Iterable[date]) -> list[date]:
    """Those of ``days`` that have no partition yet, in order."""
    by_name = {partition(day): day for day in sorted(days)}
    cursor = await connection.execute(
        "SELECT name FROM unnest(%s::text[]) AS name WHERE to_regclass(name) IS NULL", [list(by_name)]
    )
    return sorted(by_name[row[0]] for row in await cursor.fetchall())


async def ensure_days(connection: psycopg.AsyncConnection[Any], days: Iterable[date]) -> None:
    """Make the partitions of ``days`` that are missing, in the connection's transaction (or one of their own).

    A table is made and then attached: unlike ``CREATE TABLE … PARTITION OF``, that lets readers and writers of the
    other days go on.
    """
    for day in await missing_days(connection, days):
        await _make(connection, day)


async def _make(connection: psycopg.AsyncConnection[Any], day: date) -> None:
    name = sql.Identifier(partition(day))
    async with connection.transaction():
        await connection.execute(*taking(Lock.PARTITION, until="transaction"))
        # A query, not to_regclass: that answers from this backend's cache, which may not have heard of what another
        # backend made while this one waited for the lock.
        named = "SELECT FROM pg_class WHERE relname = %s AND pg_table_is_visible(oid)"
        if (await connection.execute(named, [partition(day)])).rowcount:
            return
        await connection.execute(sql.SQL("CREATE TABLE {} (LIKE events INCLUDING ALL)").format(name))
        bounds = [sql.Literal(f"{edge.isoformat()} 00:00:00+00") for edge in (day, day + timedelta(days=1))]
        await connection.execute(
            sql.SQL("ALTER TABLE events ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})").format(name, *bounds)
        )
