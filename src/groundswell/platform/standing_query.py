"""One statement that is asked all the time, prepared on connections of its own.

A session costs a few round trips and some hundred microseconds of this process before its statement is sent; that is
much where the statement itself takes less. Here it is one round trip. Nothing is written by it, so it commits nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from sqlalchemy import Select

from .database import Database

PLANNED = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off"
"""It is planned once, by its indexes: also while a new table's statistics say that it is empty."""

PROMPTLY_S = 10.0
"""An answer that takes longer has lost its connection without a word."""


class StandingQuery:
    """``statement``, which takes an array as the parameter ``values``. Each call uses one connection, which is kept."""

    def __init__(self, database: Database, statement: Select[Any]) -> None:
        compiled = statement.compile(dialect=database.engine.dialect)
        self.database, self._text, self._parameters = database, str(compiled), dict(compiled.params)
        self._idle: list[psycopg.AsyncConnection[Any]] = []

    async def rows(self, values: Sequence[str]) -> list[tuple[Any, ...]]:
        """The statement's rows for ``values``.

        Raises:
            psycopg.Error: the database is away, or refuses. A connection that was lost while nobody used it is none.
        """
        parameters = self._parameters | {"values": list(values)}
        while self._idle:
            try:
                async with self._kept(self._idle.pop()) as connection:
                    return await self._ask(connection, parameters)
            except (psycopg.OperationalError, psycopg.InterfaceError):
                continue
        async with self._kept(await self._connect()) as connection:
            return await self._ask(connection, parameters)

    async def close(self) -> None:
        """Let go of the connections."""
        while self._idle:
            await self._idle.pop().close()

    async def _ask(self, connection: psycopg.AsyncConnection[Any], parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        cursor = connection.cursor(binary=True)
        await cursor.execute(self._text, parameters, prepare=True)
        return await cursor.fetchall()

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        async with _promptly():
            connection = await self.database.connect(autocommit=True)
            await connection.execute(PLANNED)
        return connection

    @asynccontextmanager
    async def _kept(self, connection: psycopg.AsyncConnection[Any]) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """Keep ``connection`` for the next, unless something went wrong: then nobody knows what it waits for."""
        try:
            async with _promptly():
                yield connection
        except BaseException:
            await connection.close()
            raise
        self._idle.append(connection)


@asynccontextmanager
async def _promptly() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(PROMPTLY_S):
            yield
    except TimeoutError as error:
        raise psycopg.OperationalError("The database does not answer.") from error
