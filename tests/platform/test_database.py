"""Connections of the pool, whatever became of those who had them before."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import anyio
import httpx
import pytest
from fastapi import FastAPI
from psycopg.pq import TransactionStatus
from sqlalchemy import bindparam, column, select, table, text
from sqlalchemy.exc import OperationalError

from groundswell.platform.database import Database, PreparedStatement, driver_connection
from groundswell.platform.problems import install


async def test_a_connection_that_is_still_at_a_statement_is_not_handed_out(database: Database) -> None:
    """As one whose statement was cancelled, and goes on: it once failed whoever came next."""
    async with database.engine.connect() as connection:
        raw: Any = (await connection.get_raw_connection()).driver_connection
    raw.pgconn.send_query(b"SELECT pg_sleep(0)")
    assert raw.info.transaction_status == TransactionStatus.ACTIVE
    async with database.engine.connect() as connection:
        next_one = (await connection.get_raw_connection()).driver_connection
        assert next_one is not raw
        assert await connection.scalar(text("SELECT 1")) == 1
    assert raw.closed


async def asks(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(text("SELECT count(*) FROM generate_series(1, 2000)"))
        async with session.begin_nested():
            await session.execute(text("SELECT pg_sleep(0.002)"))


async def copies(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(text("CREATE TEMPORARY TABLE copied (n int) ON COMMIT DROP"))
        connection = await driver_connection(session)
        async with connection.cursor() as cursor, cursor.copy("COPY copied FROM STDIN") as copy:
            await copy.write("1\n" * 500)


@pytest.mark.parametrize("work", [asks, copies])
async def test_cancelled_at_any_instant_nothing_is_left_for_the_next(
    database: Database, work: Callable[[Database], Awaitable[None]]
) -> None:
    """By a deadline, which cancels once, and by a client that is gone, for which everything is cancelled on and on."""
    drawn = random.Random(16)
    for _ in range(20):
        task = asyncio.ensure_future(work(database))
        await asyncio.sleep(drawn.random() * 0.01)
        task.cancel()
        with suppress(asyncio.CancelledError, OperationalError):  # a COPY cannot be rolled back until it has ended
            await task
        async with anyio.create_task_group() as group:
            group.start_soon(work, database)
            await asyncio.sleep(drawn.random() * 0.01)
            group.cancel_scope.cancel()
        await asks(database)
    await asyncio.gather(*(asks(database) for _ in range(8)))
    assert "Checked out connections: 0" in database.engine.pool.status().replace("Current ", "")


async def test_a_connection_lost_is_a_503_in_the_drivers_words_too(database: Database) -> None:
    app = FastAPI()
    install(app)

    @app.get("/")
    async def ends_its_own() -> None:
        async with await database.connect(autocommit=True) as connection:
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    transport = httpx.ASGITransport(app)  # type: ignore[arg-type,unused-ignore]
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        answer = await http.get("/")
    assert (answer.status_code, answer.json()["code"]) == (503, "temporarily_unavailable")


async def test_a_standing_statement_sees_what_its_transaction_wrote(database: Database) -> None:
    """As text and as what SQLAlchemy makes of it, with values of this time alone."""
    series = table("series", column("slug"), column("name"))
    built = PreparedStatement(
        select(series.c.name).where(series.c.slug.in_(["fog", "night"]), series.c.name != bindparam("no", ""))
    )
    written = PreparedStatement("SELECT name FROM series WHERE slug = ANY(%(slugs)s) ORDER BY name")
    async with database.transaction() as session:
        insert = text("INSERT INTO series (id, slug, name, synopsis) VALUES (gen_random_uuid(), :slug, :name, '')")
        await session.execute(insert, [{"slug": "fog", "name": "Fog"}, {"slug": "night", "name": "Night"}])
        assert sorted(await built.rows(session)) == [("Fog",), ("Night",)]
        assert await built.rows(session, no="Fog") == [("Night",)]
        assert await built.rows(session, no="Night") == [("Fog",)]
        assert await written.rows(session, slugs=["night", "fog"]) == [("Fog",), ("Night",)]
        assert await written.rows(session, slugs=[]) == []
