"""The database: engine, sessions, and what every table shares."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

import psycopg
from sqlalchemy import BigInteger, DateTime, MetaData, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, mapped_column

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


class Database:
    """Connections to one PostgreSQL.

    Args:
        url: ``postgresql://…`` in libpq's URL form.
        pool_size: connections kept open by this process.
    """

    def __init__(self, url: str, pool_size: int = 10) -> None:
        self.url = url
        self.engine: AsyncEngine = create_async_engine(
            sqlalchemy_url(url),
            pool_size=pool_size,
            max_overflow=10,
            pool_pre_ping=True,
            json_serializer=lambda value: json.dumps(value, ensure_ascii=False),
        )
        self.sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session whose work is committed at the end, or rolled back whole when an error leaves the block."""
        async with self.sessions() as session, session.begin():
            yield session

    async def connect(self, *, autocommit: bool = False) -> psycopg.AsyncConnection[Any]:
        """A bare connection of the caller's own, for COPY and LISTEN."""
        return await psycopg.AsyncConnection.connect(self.url, autocommit=autocommit)

    async def close(self) -> None:
        await self.engine.dispose()


def sqlalchemy_url(url: str) -> str:
    """The same address in SQLAlchemy's form, naming the driver."""
    scheme, rest = url.split("://", 1)
    if scheme not in {"postgresql", "postgres"}:
        raise ValueError(f"GROUNDSWELL_DATABASE_URL must begin with postgresql://, not {scheme}://")
    return f"postgresql+psycopg://{rest}"


async def driver_connection(session: AsyncSession) -> psycopg.AsyncConnection[Any]:
    """The psycopg connection under ``session``, inside its transaction."""
    raw = await (await session.connection()).get_raw_connection()
    connection = raw.driver_connection
    assert isinstance(connection, psycopg.AsyncConnection)
    return connection
