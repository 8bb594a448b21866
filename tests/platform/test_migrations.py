"""The migrations make exactly the tables that the code describes, from nothing and from every released version."""

import hashlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from alembic import command
from procrastinate.schema import SchemaManager
from psycopg.errors import LockNotAvailable
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from groundswell.platform import migrations
from groundswell.platform.database import Base, sqlalchemy_url
from groundswell.platform.embedded import EmbeddedPostgres
from groundswell.platform.migrations import UnknownRevision, alembic_config, current_revision, job_queue, migrate
from groundswell.platform.migrations.shape import WrongShape, check_shape
from groundswell.web import features
from tests.gates import gate_at_table
from tests.platform.released import filling
from tests.processes import kill

RELEASED = Path(__file__).parent / "released"
FROZEN: dict[str, dict[str, str]] = json.loads((RELEASED / "frozen.json").read_text())
VERSIONS = Path(migrations.__file__).parent / "versions"

SHAPE = """
    SELECT 'column', table_name, column_name, data_type || coalesce(column_default, '') || is_nullable
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) || tgenabled::text
    FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'view', viewname, '', definition FROM pg_views WHERE schemaname = 'public'
    UNION ALL SELECT 'function', '', proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""
TABLES = """
    SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
    AND relnamespace = to_regnamespace(%s) AND relname <> 'alembic_version'
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
    """All that the catalogues say, but of what only a running service makes."""
    with psycopg.connect(url) as connection:
        rows = {tuple(map(str, row)) for row in connection.execute(SHAPE)}
    return {row for row in rows if row[1] != "alembic_version" and not row[1].startswith("events_2")}


def described(url: str) -> set[tuple[str, ...]]:
    """The shape that the models describe, made at ``url``."""
    features.load("tables")
    engine = create_engine(sqlalchemy_url(url))
    with engine.begin() as connection:
        connection.connection.cursor().execute(SchemaManager.get_schema())
        Base.metadata.create_all(connection)
    engine.dispose()
    return shape(url)


EXPIRES = {"idempotency_keys"}  # stored answers, for a day


def counts(url: str, schema: str = "public") -> dict[str, int]:
    """How many rows each table has."""
    with psycopg.connect(url) as connection:
        names = [str(row[0]) for row in connection.execute(TABLES, [schema])]
        count = 'SELECT count(*) FROM "{}"."{}"'
        return {name: connection.execute(count.format(schema, name)).fetchone()[0] for name in names}  # type: ignore[index]


def run(url: str, sql: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.encode())


@pytest.mark.slow
def test_migrations_make_what_the_code_describes(empty: list[str]) -> None:
    migrate(empty[0])
    assert shape(empty[0]) == described(empty[1])


@pytest.mark.slow
def test_migrating_again_changes_nothing(empty: list[str]) -> None:
    migrate(empty[0])
    before = shape(empty[0])
    migrate(empty[0])
    assert shape(empty[0]) == before


@pytest.mark.parametrize("revision", list(FROZEN))
def test_what_is_released_does_not_change(revision: str) -> None:
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VERSIONS.glob(f"{revision}_*")}
    assert files == FROZEN[revision], "a released revision is history: write the next one (make migration NAME=…)"


@pytest.mark.slow
@pytest.mark.parametrize("revision", sorted(path.stem for path in RELEASED.glob("*.sql")))
def test_a_filled_database_of_every_released_version_is_upgraded(empty: list[str], revision: str) -> None:
    """Nothing is lost on the way, and what comes of it is what a new database is."""
    command.upgrade(alembic_config(empty[0]), revision)
    run(empty[0], (RELEASED / f"{revision}.sql").read_text())
    before = counts(empty[0])
    demo = {name for name in before if name.startswith("demo_")}
    assert not [name for name, rows in before.items() if not rows and not name.startswith("procrastinate_")]
    migrate(empty[0])
    assert counts(empty[0], "demo") == {name: before[name] for name in demo}, "they are in a schema of their own now"
    stays = {name: rows for name, rows in before.items() if name not in demo | EXPIRES}
    assert counts(empty[0]) == counts(empty[0]) | stays
    assert shape(empty[0]) == described(empty[1])


def test_the_newest_revision_can_be_filled(database_url: str) -> None:
    """So that a release can be made at any time."""
    with psycopg.connect(database_url) as connection:
        for statement in filling.statements(connection):
            connection.execute(statement.encode())
    filled = counts(database_url)
    assert not [name for name, rows in filled.items() if not rows and not name.startswith("procrastinate_")]


def test_every_released_revision_can_be_filled() -> None:
    """A release writes down what fills its tables; the newest release is the last revision that is frozen."""
    assert (RELEASED / f"{max(FROZEN)}.sql").exists()


def test_the_job_queues_own_migrations_are_followed() -> None:
    names = [path.name for path in job_queue.packaged()]
    assert job_queue.FIRST in names
    assert job_queue.pending() == [], "make migration NAME=follow_procrastinate"
    assert job_queue.followed() <= set(names)


@pytest.mark.slow
def test_a_newer_versions_database_is_left_alone(empty: list[str]) -> None:
    migrate(empty[0])
    run(empty[0], "UPDATE alembic_version SET version_num = '9999'")
    before = shape(empty[0])
    with pytest.raises(UnknownRevision, match=r"9999.*newer version"):
        migrate(empty[0])
    assert shape(empty[0]) == before


@pytest.mark.slow
def test_servers_that_start_together_take_turns(empty: list[str]) -> None:
    errors: list[BaseException] = []

    def start() -> None:
        try:
            migrate(empty[0])
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert shape(empty[0]) == described(empty[1])


@pytest.mark.slow
def test_a_migration_lets_go_of_what_it_waits_for_and_tries_again(
    empty: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command.upgrade(alembic_config(empty[0]), "0001")
    monkeypatch.setattr(migrations, "WAIT_S", 0.1)
    with psycopg.connect(empty[0]) as reader:
        reader.execute("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")  # the views of 0003 read it
        monkeypatch.setattr(migrations, "TRIES", 1)
        started = time.monotonic()
        with pytest.raises((OperationalError, LockNotAvailable), match="lock timeout"):
            migrate(empty[0])
        assert time.monotonic() - started < 60
        assert counted_waiting(empty[0]) == 0, "nobody queues behind a migration that gave up"
    monkeypatch.setattr(migrations, "TRIES", 20)
    migrate(empty[0])
    assert shape(empty[0]) == described(empty[1])


def counted_waiting(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
        return int(row[0]) if row else 0


MIGRATE = "import sys; from groundswell.platform.migrations import migrate; migrate(sys.argv[1])"


@pytest.mark.slow
def test_a_migration_killed_in_the_middle_is_taken_up_by_the_next_start(empty: list[str]) -> None:
    """In the first revision and in a later one: each is there whole or not at all, and nobody has to mend anything."""
    for table, before in (("moments", None), ("cases", "0023")):
        with gate_at_table(empty[0], table) as in_the_middle:
            migrating = subprocess.Popen([sys.executable, "-c", MIGRATE, empty[0]])
            in_the_middle.await_somebody()
            kill(migrating)
            in_the_middle.open()
        with psycopg.connect(empty[0]) as connection:
            assert current_revision(connection) == before
            assert connection.execute("SELECT to_regclass(%s)", [table]).fetchone() == (None,)
    migrate(empty[0])
    assert shape(empty[0]) == described(empty[1])


BROKEN = {
    "DROP TABLE saved_views": "table saved_views is missing",
    "ALTER TABLE shares DROP COLUMN expires_at": "column shares.expires_at is missing",
    "ALTER TABLE viewers ALTER territory TYPE text": "column viewers.territory is text, not character varying(2)",
    "ALTER TABLE viewers ALTER name DROP NOT NULL": "column viewers.name is character varying, not ",
    "ALTER TABLE credits DROP CONSTRAINT ck_credits_weight": "constraint credits.ck_credits_weight is missing",
    "DROP INDEX uq_decisions_live": "unique index uq_decisions_live is missing",
    "DROP TRIGGER append_only ON verdicts": "trigger verdicts.append_only is missing",
    "ALTER TABLE postings DISABLE TRIGGER postings_stay": "trigger postings.postings_stay is missing",
    "DROP VIEW judged_events": "view judged_events is missing",
}


def missing(url: str, change: str) -> Any:
    """What is said of the database at ``url`` after ``change``, which is rolled back."""
    features.load("tables")
    with psycopg.connect(url) as connection:
        connection.execute(change.encode())
        try:
            return check_shape(connection, Base.metadata)
        finally:
            connection.rollback()


@pytest.mark.parametrize("change", BROKEN)
def test_what_a_database_lacks_is_named(database_url: str, change: str) -> None:
    with pytest.raises(WrongShape) as refused:
        missing(database_url, change)
    assert BROKEN[change] in str(refused.value)


def test_a_missing_index_is_named_but_does_not_stop_anything(database_url: str) -> None:
    assert missing(database_url, "DROP INDEX ix_conversions_at") == ["index ix_conversions_at is missing"]


def test_what_a_database_has_beyond_is_its_owners_affair(database_url: str) -> None:
    assert missing(database_url, "CREATE TABLE theirs (x int); CREATE INDEX theirs_too ON shares (channel)") == []
