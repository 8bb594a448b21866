"""The demo's tables are no part of the product, and what an older demo wrote in them is kept."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from alembic import command
from sqlalchemy import select

from groundswell.demo.tables import Account, AudienceMark, Subscription, create_tables
from groundswell.platform.database import Base, Database
from groundswell.platform.embedded import EmbeddedPostgres
from groundswell.platform.ids import uuid7
from groundswell.platform.migrations import alembic_config, migrate

TABLES = "SELECT table_schema, table_name FROM information_schema.tables WHERE table_name LIKE 'demo%' ORDER BY 1, 2"
NAMES = ("demo_accounts", "demo_audience", "demo_subscriptions")


@pytest.fixture
def older(postgres: EmbeddedPostgres) -> Iterator[str]:
    """A database of the first release, whose own tables the demo's were."""
    name = f"demo_{uuid4().hex}"
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        command.upgrade(alembic_config(postgres.url(name)), "0001")
        yield postgres.url(name)
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def tables(url: str) -> list[tuple[str, str]]:
    with psycopg.connect(url) as connection:
        return [(row[0], row[1]) for row in connection.execute(TABLES)]


def test_a_product_has_none_of_them(database_url: str) -> None:
    assert tables(database_url) == []
    assert [name for name in Base.metadata.tables if name.startswith("demo")] == []


async def test_a_demo_makes_them_once(database: Database) -> None:
    await create_tables(database)
    await add_customer(database, "one@example.com")
    await create_tables(database)
    assert tables(database.url) == [("demo", name) for name in NAMES]
    assert await emails(database) == ["one@example.com"]


@pytest.mark.slow
async def test_what_an_older_demo_wrote_is_kept(older: str) -> None:
    with psycopg.connect(older) as connection:
        account = uuid7()
        connection.execute(
            "INSERT INTO demo_accounts (id, subject, name, email) VALUES (%s, 'lumen-1', 'Ada', 'ada@example.com')",
            [account],
        )
        connection.execute(
            "INSERT INTO demo_subscriptions (id, account_id, price_minor, currency) VALUES (%s, %s, 799, 'EUR')",
            [uuid7(), account],
        )
        connection.execute("INSERT INTO demo_audience (seed, until) VALUES (7, now())")
    migrate(older)
    assert tables(older) == [("demo", name) for name in NAMES]
    database = Database(older)
    await create_tables(database)
    await add_customer(database, "new@example.com")
    assert await emails(database) == ["ada@example.com", "new@example.com"]
    async with database.transaction() as session:
        assert await session.scalar(select(Subscription.account_id).where(Subscription.account_id == account))
        assert await session.scalar(select(AudienceMark.seed)) == 7
    await database.close()


@pytest.mark.slow
def test_an_older_product_loses_only_empty_tables(older: str) -> None:
    migrate(older)
    assert tables(older) == []


async def add_customer(database: Database, email: str) -> None:
    async with database.transaction() as session:
        account = Account(id=uuid7(), subject=f"lumen-{email}", name="Somebody", email=email)
        session.add(account)
        await session.flush()
        session.add(Subscription(account_id=account.id, price_minor=799, currency="EUR"))


async def emails(database: Database) -> list[str]:
    async with database.transaction() as session:
        return list(await session.scalars(select(Account.email).order_by(Account.email)))
