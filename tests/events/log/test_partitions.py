"""Partitions are made by whichever process needs them first."""

import asyncio
from datetime import date
from typing import Any

import psycopg

from groundswell.events.log.partitions import ensure_days, partition
from groundswell.platform.database import Database
from groundswell.platform.locks import Lock, taking

DAY = date(2031, 5, 1)


async def exists(connection: psycopg.AsyncConnection[Any], name: str) -> bool:
    return bool((await connection.execute("SELECT FROM pg_class WHERE relname = %s", [name])).rowcount)


async def test_who_waited_for_another_to_make_a_day_finds_it_made(database: Database) -> None:
    first, second = await database.connect(), await database.connect(autocommit=True)
    try:
        await ensure_days(second, [date(2031, 4, 30)])  # its caches are warm: nothing makes it look again
        await first.execute(*taking(Lock.PARTITION, until="transaction"))
        waiting = asyncio.create_task(ensure_days(second, [DAY]))
        async with await database.connect(autocommit=True) as watcher:
            blocked = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND pid = %s"
            while not (await watcher.execute(blocked, [second.info.backend_pid])).rowcount:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await ensure_days(first, [DAY])
        await first.commit()
        await waiting
        assert await exists(second, partition(DAY))
    finally:
        await first.close()
        await second.close()


async def test_any_number_of_makers_at_once_make_a_day_once(database: Database) -> None:
    connections = [await database.connect(autocommit=True) for _ in range(8)]
    try:
        await asyncio.gather(*(ensure_days(connection, [DAY]) for connection in connections))
        assert await exists(connections[0], partition(DAY))
    finally:
        for connection in connections:
            await connection.close()
