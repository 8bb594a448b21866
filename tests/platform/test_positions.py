"""Positions go on where they were, wherever the database has been moved to."""

from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groundswell.platform.database import Base
from groundswell.platform.positions import database_identity, functions, homes, settle_in

PLANTED = (
    "INSERT INTO verdicts (id, event_id, at, kind, reason, rule, xid) VALUES (%s, %s, now(), 'human', '', '1', %s)"
)
ONE = "6a0e1c52-90d4-4f5b-8f6c-4f1d6b4b1f4e"


@pytest.fixture
def connection(database_url: str) -> Any:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


def ask(connection: psycopg.Connection[Any], query: str, *values: Any) -> Any:
    row = connection.execute(query.encode(), values).fetchone()
    return None if row is None else row[0]


def position(connection: psycopg.Connection[Any]) -> int:
    return int(ask(connection, "SELECT log_position()::text"))


def came_from_elsewhere(connection: psycopg.Connection[Any], newest: int) -> None:
    """Leave the database as a restored dump is: written to, elsewhere, up to ``newest``."""
    connection.execute("INSERT INTO log_homes (number, database, base) VALUES (1, 'groundswell:1:1', 0)")
    connection.execute(PLANTED, [ONE, ONE, str(newest)])


def test_at_home_positions_are_transaction_ids(connection: psycopg.Connection[Any]) -> None:
    settle_in(connection, Base.metadata)
    settle_in(connection, Base.metadata)
    assert homes(connection) == [database_identity(connection)]
    with connection.transaction():
        assert position(connection) == int(ask(connection, "SELECT pg_current_xact_id()::text"))


@pytest.mark.parametrize("newest", [5, 5_000_000_000])
def test_in_another_cluster_they_lie_behind_all_that_came_along(
    connection: psycopg.Connection[Any], newest: int
) -> None:
    came_from_elsewhere(connection, newest)
    before = ask(connection, "SELECT pg_snapshot_xmax(log_snapshot())::text")
    settle_in(connection, Base.metadata)
    assert position(connection) > max(newest, int(before) - 1 if newest == 5 else newest)
    assert homes(connection) == ["groundswell:1:1", database_identity(connection)]
    kept = ask(connection, "SELECT log_snapshot()::text")
    settle_in(connection, Base.metadata)
    assert ask(connection, "SELECT pg_visible_in_snapshot(%s::xid8, %s::pg_snapshot)", str(newest), kept)
    connection.execute(
        "INSERT INTO verdicts (id, event_id, at, kind, reason, rule) VALUES (gen_random_uuid(), %s, "
        "now(), 'human', '', '2')",
        [ONE],
    )
    new = ask(connection, "SELECT max(xid::text::bigint)::text FROM verdicts")
    assert not ask(connection, "SELECT pg_visible_in_snapshot(%s::xid8, %s::pg_snapshot)", new, kept)
    assert ask(connection, "SELECT pg_visible_in_snapshot(%s::xid8, log_snapshot())", new)


@pytest.mark.parametrize(
    "keeping",
    [
        "INSERT INTO heat_marks (name, snapshot) VALUES ('events', '9000000000:9000000007:9000000003')",
        "INSERT INTO lake_seals (name, position, version, as_of) VALUES ('events', 9000000006, 1, now())",
        "INSERT INTO pools (id, period, basis, rules, amount_minor, currency, status, created_by, snapshot,"
        " supplement, hold_days, tax_ppm, carried)"
        f" VALUES ('{ONE}', '2026-01', 'plays', '1', 1, 'EUR', 'divided', 'fay',"
        " '5:9000000006:', 0, 0, 0, '{}')",
    ],
)
def test_marks_and_snapshots_count_as_positions(connection: psycopg.Connection[Any], keeping: str) -> None:
    came_from_elsewhere(connection, 5)
    connection.execute(keeping.encode())
    settle_in(connection, Base.metadata)
    assert position(connection) > 9_000_000_006 - 1


def test_moved_there_and_back(connection: psycopg.Connection[Any]) -> None:
    settle_in(connection, Base.metadata)
    here = database_identity(connection)
    connection.execute("INSERT INTO log_homes (number, database, base) VALUES (2, 'groundswell:1:1', 0)")
    connection.execute(PLANTED, [ONE, ONE, "7000000000"])
    settle_in(connection, Base.metadata)
    assert position(connection) > 7_000_000_000
    assert homes(connection) == [here, "groundswell:1:1", here]


def test_a_dump_from_before_homes_were_noted_is_recognised_by_its_ids(connection: psycopg.Connection[Any]) -> None:
    connection.execute(PLANTED, [ONE, ONE, "7000000000"])
    settle_in(connection, Base.metadata)
    assert position(connection) > 7_000_000_000


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(base=st.integers(0, 2**50))
def test_a_snapshot_in_positions_sees_what_it_sees_in_ids(
    connection: psycopg.Connection[Any], database_url: str, base: int
) -> None:
    with psycopg.connect(database_url) as running:
        running.execute("SELECT pg_current_xact_id()")
        with connection.transaction():
            connection.execute(functions(base).encode())
            position(connection)
            row = connection.execute(
                "SELECT s, log_snapshot(), ARRAY(SELECT i::text::xid8 FROM generate_series("
                "pg_snapshot_xmin(s)::text::bigint - 2, pg_snapshot_xmax(s)::text::bigint + 2) i) "
                "FROM (SELECT pg_current_snapshot() AS s) now"
            ).fetchone()
            assert row is not None
            theirs, ours, ids = row
            for id in ids:
                seen = "SELECT pg_visible_in_snapshot(%s::text::xid8, %s::text::pg_snapshot)"
                shifted = str(int(id) + base)
                assert ask(connection, seen, str(id), str(theirs)) == ask(connection, seen, shifted, str(ours))
