"""One statement that is asked all the time, prepared on connections of its own.

A session costs a few round trips and some hundred microseconds of this process before its statement is sent; that is
much where the statement itself takes less. Here it is one round trip, driven as ``raw_connection.py`` does. Nothing is
written by it, so it commits nothing.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import psycopg
from psycopg import pq
from psycopg.adapt import Transformer
from sqlalchemy import Select
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from .database import Database
from .raw_connection import RawConnection, error_of

PLANNED = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off"
"""It is planned once, by its indexes: also while a new table's statistics say that it is empty."""

NAME = b"standing_query"
VALUES = "values"
PROMPTLY_S = 10.0
"""An answer that takes longer has lost its connection without a word."""

BINARY = 1


class StandingQuery:
    """``statement``, which takes an array as the parameter ``values``, and beside it strings alone. Each call uses one
    connection, which is kept."""

    def __init__(self, database: Database, statement: Select[Any]) -> None:
        self.database = database
        self._text, self._given = _numbered(statement)
        self._idle: list[Prepared] = []

    async def rows(self, values: Sequence[str]) -> list[tuple[Any, ...]]:
        """The statement's rows for ``values``.

        Raises:
            psycopg.Error: the database is away, or refuses. A connection that was lost while nobody used it is none.
        """
        array = _array(values)
        parameters = [array if given is None else given for given in self._given]
        while self._idle:
            try:
                async with self._kept(self._idle.pop()) as prepared:
                    return await prepared.rows(parameters)
            except (psycopg.OperationalError, psycopg.InterfaceError):
                continue
        async with self._kept(await self._connect()) as prepared:
            return await prepared.rows(parameters)

    async def close(self) -> None:
        """Let go of the connections."""
        while self._idle:
            await self._idle.pop().close()

    async def _connect(self) -> "Prepared":
        async with _promptly():
            connection = await self.database.connect(autocommit=True)
            await connection.execute(PLANNED)
            await connection.execute(f"PREPARE {NAME.decode()} AS {self._text}")
        return Prepared(connection)

    @asynccontextmanager
    async def _kept(self, prepared: "Prepared") -> "AsyncIterator[Prepared]":
        """Keep a connection for the next, unless something went wrong: then nobody knows what it waits for."""
        try:
            async with _promptly():
                yield prepared
        except BaseException:
            await prepared.close()
            raise
        self._idle.append(prepared)


class Prepared(RawConnection):
    """A connection on which the statement is prepared."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        super().__init__(connection)
        self._connection = connection
        self._found: list[tuple[Any, ...]] = []
        self._error: psycopg.Error | None = None
        self._asked: asyncio.Future[list[tuple[Any, ...]]] | None = None

    async def rows(self, parameters: Sequence[bytes | None]) -> list[tuple[Any, ...]]:
        """The statement's rows; one call at a time.

        Raises:
            psycopg.Error: what PostgreSQL said instead, or that the connection is gone.
        """
        self._found, self._error, self._asked = [], None, self._loop.create_future()
        self._pg.send_query_prepared(NAME, parameters, result_format=BINARY)
        self._listen()
        self._flush()
        return await self._asked

    async def close(self) -> None:
        self.release()
        await self._connection.close()

    def _readable(self) -> None:
        try:
            self._pg.consume_input()
            while self._asked is not None and not self._asked.done() and not self._pg.is_busy():
                self._take(self._pg.get_result())
        except psycopg.Error as error:
            self._end(error)

    def _take(self, result: pq.abc.PGresult | None) -> None:
        if result is None:
            self._answer()
        elif result.status == pq.ExecStatus.TUPLES_OK:
            transformer = Transformer(self._connection)
            transformer.set_pgresult(result)
            self._found = transformer.load_rows(0, result.ntuples, tuple)
        else:
            self._error = error_of(result)

    def _end(self, error: psycopg.Error) -> None:
        self.release()
        self._error = error
        self._answer()

    def _answer(self) -> None:
        if self._asked is None or self._asked.done():
            return
        if self._error is None:
            self._asked.set_result(self._found)
        else:
            self._asked.set_exception(self._error)


@cache
def _numbered(statement: Select[Any]) -> tuple[str, list[bytes | None]]:
    """The statement with its parameters numbered, as PREPARE has them, and what stands for each; None for the array.
    A program asks few, and writing one takes longer than asking it a hundred times."""
    compiled = statement.compile(dialect=PGDialect_psycopg())  # type: ignore[no-untyped-call]
    names: list[str] = []

    def number(found: re.Match[str]) -> str:
        if found[1] not in names:
            names.append(found[1])
        return f"${names.index(found[1]) + 1}"

    numbered = re.sub(r"%\((\w+)\)s", number, str(compiled)).replace("%%", "%")
    return numbered, [None if name == VALUES else str(compiled.params[name]).encode() for name in names]


def _array(values: Sequence[str]) -> bytes:
    """An array's text form."""
    quoted = ('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)
    return ("{" + ",".join(quoted) + "}").encode()


@asynccontextmanager
async def _promptly() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(PROMPTLY_S):
            yield
    except TimeoutError as error:
        raise psycopg.OperationalError("The database does not answer.") from error
