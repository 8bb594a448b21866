"""The migrations make exactly the tables that the code describes, triggers and functions included."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from procrastinate.schema import SchemaManager
from sqlalchemy import create_engine

from groundswell.platform.database import Base, sqlalchemy_url
from groundswell.platform.embedded import EmbeddedPostgres
from groundswell.platform.migrations import migrate
from groundswell.web import rooms

SHAPE = """
    SELECT 'column', table_name, column_name, data_type || coalesce(column_default, '') || is_nullable
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid)
    FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'function', '', proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""


@pytest.fixture
def empty(postgres: EmbeddedPostgres) -> Iterator[list[str]]:
    """Two empty databases."""
    names = [f"shape_{uuid4().hex}" for _ in range(2)]
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        for name in names:
            connection.execute(f'CREATE DATABASE "{name}"')
        yield [postgres.url(name) for name in names]
        for name in names:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def shape(url: str) -> set[tuple[str, ...]]:
    with psycopg.connect(url) as connection:
        rows = {tuple(map(str, row)) for row in connection.execute(SHAPE)}
    return {row for row in rows if row[1] != "alembic_version"}


def test_migrations_make_what_the_code_describes(empty: list[str]) -> None:
    migrated, described = empty
    migrate(migrated)
    rooms.load("tables")
    engine = create_engine(sqlalchemy_url(described))
    with engine.begin() as connection:
        connection.connection.cursor().execute(SchemaManager.get_schema())
        Base.metadata.create_all(connection)
    engine.dispose()
    assert shape(migrated) == shape(described)


def test_migrating_again_changes_nothing(empty: list[str]) -> None:
    migrate(empty[0])
    before = shape(empty[0])
    migrate(empty[0])
    assert shape(empty[0]) == before
