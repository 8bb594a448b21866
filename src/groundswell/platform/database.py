"""The database: engine, sessions, and what every table shares."""

import json
from collections.abc import AsyncIterator, Iterable, Iterator, MutableMapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, LiteralString
from uuid import UUID

import psycopg
from sqlalchemy import BigInteger, ColumnElement, DateTime, MetaData, Select, any_, event, func, literal, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql.psycopg import dialect as psycopg_dialect
from sqlalchemy.engine import Dialect, ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, mapped_column
from sqlalchemy.util import LRUCache

from .ids import uuid7

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table. Instants carry a zone; integers are 64 bits (media time is in microseconds)."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        int: BigInteger,
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
    }


Id = Annotated[UUID, mapped_column(primary_key=True, default=uuid7)]
"""A primary key: time-ordered, made by us, so a row's id is known before it is written."""

CreatedAt = Annotated[datetime, mapped_column(server_default=func.now())]


Pool = Literal["background", "visitors", "viewers", "console", "exports"]

POOL: ContextVar[Pool] = ContextVar("pool", default="background")
"""Whose connections are used by what runs now. Requests set it by their class (``web.admission``)."""

POOL_SIZES: dict[Pool, int] = {"background": 8, "visitors": 8, "viewers": 8, "console": 4, "exports": 2}
"""Connections that a process keeps open; as many more are opened for a moment. A request may hold one and need a
second, so a class that is let in by less than half of that never waits for itself."""

WAIT_S = 2.0
"""How long a request waits for a connection; background work waits longer."""

STATEMENTS_MAX = 2_000


class CompiledStatements(MutableMapping[Any, Any]):
    """The SQL of statements that were compiled before, for all engines of this process.

    SQLAlchemy keeps them for each engine, by its dialect: every pool would compile for itself what another has
    compiled, which takes longer than sending it. All our dialects are made in one way, so that what one compiles is
    what each would, on servers of one version.
    """

    def __init__(self) -> None:
        self._kept: LRUCache[Any, Any] = LRUCache(STATEMENTS_MAX)

    def _key(self, key: tuple[Dialect, Any]) -> tuple[Any, ...]:
        dialect, *statement = key
        return (type(dialect), dialect.server_version_info, *statement)

    def get(self, key: Any, default: Any = None) -> Any:
        return self._kept.get(self._key(key), default)

    def __getitem__(self, key: Any) -> Any:
        return self._kept[self._key(key)]

    def __setitem__(self, key: Any, compiled: Any) -> None:
        self._kept[self._key(key)] = compiled

    def __delitem__(self, key: Any) -> None:
        del self._kept[self._key(key)]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)


COMPILED = CompiledStatements()


class Database:
    """Connections to one PostgreSQL, of a pool for each class of requests: none can take another's.

    Args:
        url: ``postgresql://…`` in libpq's URL form.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._engines: dict[Pool, AsyncEngine] = {}

    @property
    def engine(self) -> AsyncEngine:
        """The engine of the pool that is in use here, made when it is first used."""
        pool = POOL.get()
        if (engine := self._engines.get(pool)) is None:
            engine = self._engines[pool] = _engine(self.url, pool, POOL_SIZES[pool])
        return engine

    def sessions(self) -> AsyncSession:
        """A session on a connection of the pool that is in use here."""
        return AsyncSession(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session whose work is committed at the end, or rolled back whole when an error leaves the block."""
        async with self.sessions() as session, session.begin():
            yield session

    async def connect(self, *, autocommit: bool = False) -> psycopg.AsyncConnection[Any]:
        """A bare connection of the caller's own, for COPY and LISTEN."""
        return await psycopg.AsyncConnection.connect(self.url, autocommit=autocommit)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncSession]:
        """A session that only reads, all of it as of one instant."""
        async with self.sessions() as session:
            await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            yield session

    async def ping(self) -> None:
        """Return once the database has answered."""
        async with self.sessions() as session:
            await session.execute(text("SELECT 1"))

    async def close(self) -> None:
        for engine in self._engines.values():
            await engine.dispose()


def _engine(url: str, pool: Pool, size: int) -> AsyncEngine:
    engine = create_async_engine(
        sqlalchemy_url(url),
        pool_size=size,
        max_overflow=size,
        pool_timeout=30 if pool == "background" else WAIT_S,
        pool_pre_ping=True,
        hide_parameters=True,  # an error, and the log of it, holds nothing of a person
        execution_options={"compiled_cache": COMPILED},
        use_native_hstore=False,  # nothing is one, and each pool would ask the server for it at its first connection
        json_serializer=lambda value: json.dumps(value, ensure_ascii=False),
    )
    event.listen(engine.sync_engine, "handle_error", _replace_if_unfit)
    return engine


def _replace_if_unfit(context: ExceptionContext) -> None:
    """Have a connection replaced that does not answer when it is tried before use, whatever keeps it from answering: it
    may be gone, or still be at a statement whose task was cancelled, or hear of that cancellation only now."""
    if context.is_pre_ping:
        context.is_disconnect = True


def among(column: ColumnElement[Any] | InstrumentedAttribute[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Whether ``column`` is one of ``values``, however many: they are sent as one array. ``in_`` sends each as a
    parameter of its own, of which a statement can have 65,535; it is for those that are written in the code."""
    return column == any_(literal(list(values), ARRAY(column.type)))


def sqlalchemy_url(url: str) -> str:
    """The same address in SQLAlchemy's form, naming the driver."""
    scheme, rest = url.split("://", 1)
    if scheme not in {"postgresql", "postgres"}:
        raise ValueError(f"GROUNDSWELL_DATABASE_URL must begin with postgresql://, not {scheme}://")
    return f"postgresql+psycopg://{rest}"


class PreparedStatement:
    """A statement that is asked all the time, prepared, by the driver alone and inside the session's transaction: where
    it takes half a millisecond, what SQLAlchemy does around it takes as long.

    Args:
        statement: as text in the driver's form (``%(name)s``), or what gives that text; its values are those that the
            driver itself makes of them.
    """

    def __init__(self, statement: "LiteralString | Select[*tuple[Any, ...]]") -> None:
        self._given: dict[str, Any] = {}
        if isinstance(statement, Select):
            dialect = psycopg_dialect()  # type: ignore[no-untyped-call]
            compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
            self._text, self._given = str(compiled), dict(compiled.params)
        else:
            self._text = statement

    async def rows(self, session: AsyncSession, **given: Any) -> list[tuple[Any, ...]]:
        cursor = (await driver_connection(session)).cursor(binary=True)
        await cursor.execute(self._text, self._given | given, prepare=True)
        return await cursor.fetchall()


async def driver_connection(session: AsyncSession) -> psycopg.AsyncConnection[Any]:
    """The psycopg connection under ``session``, inside its transaction."""
    raw = await (await session.connection()).get_raw_connection()
    connection = raw.driver_connection
    assert isinstance(connection, psycopg.AsyncConnection)
    return connection
