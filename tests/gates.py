"""Shared by tests that kill: a gate in the database at which a process stops in the middle of its transaction.

The gate is a lock that the test holds and that a trigger asks for. So whoever comes there waits for as long as the test
likes, with all that the transaction has done so far done and nothing of it committed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from tests.processes import eventually

NUMBER = 271_828

Connection = psycopg.Connection[tuple[Any, ...]]


class Gate:
    """Closed until it is opened."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        connection.execute("SELECT pg_advisory_lock(%s)", [NUMBER])

    def is_reached(self) -> bool:
        """Whether somebody stands before it."""
        waiting = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted"
        return self._connection.execute(waiting, [NUMBER]).rowcount > 0

    def await_somebody(self) -> None:
        """Return once somebody stands before it."""
        eventually(self.is_reached, what="somebody at the gate")

    def open(self) -> None:
        """Let whoever stands before it go on, and return when their transaction has ended."""
        self._connection.execute("SELECT pg_advisory_unlock_all()")
        self._connection.execute("SELECT pg_advisory_lock(%s)", [NUMBER])  # they hold it to the end
        self._connection.execute("SELECT pg_advisory_unlock_all()")


@contextmanager
def gate(url: str, table: str, when: str) -> Iterator[Gate]:
    """A gate before each row that is inserted into ``table`` and of which ``when`` (SQL, of ``NEW``) holds."""
    function = (
        f"RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock({NUMBER}); RETURN NEW; END $$"
    )
    made = f"CREATE TRIGGER a_gate BEFORE INSERT ON {table} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION at_gate()"
    with _closed(url, function, made, f"DROP TRIGGER a_gate ON {table}") as closed:
        yield closed


@contextmanager
def gate_at_table(url: str, table: str) -> Iterator[Gate]:
    """A gate behind whatever makes ``table``, in the middle of the migration that does."""
    there = f"IF to_regclass('{table}') IS NOT NULL THEN PERFORM pg_advisory_xact_lock({NUMBER}); END IF;"
    function = f"RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN {there} END $$"
    made = "CREATE EVENT TRIGGER a_gate ON ddl_command_end EXECUTE FUNCTION at_gate()"
    with _closed(url, function, made, "DROP EVENT TRIGGER a_gate") as closed:
        yield closed


@contextmanager
def _closed(url: str, function: str, make: str, drop: str) -> Iterator[Gate]:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE FUNCTION at_gate() {function}".encode())
        connection.execute(make.encode())
        closed = Gate(connection)
        try:
            yield closed
        finally:
            closed.open()
            connection.execute(drop.encode())
            connection.execute("DROP FUNCTION at_gate()")
