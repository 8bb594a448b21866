"""Sealing: every committed row goes into the lake exactly once, in the order in which transactions ended.

A row carries the position of the transaction that wrote it (``platform/positions.py``). ``pg_snapshot_xmin`` of a
snapshot is the oldest transaction that had not ended when it was taken: every row of an older transaction is there to
be seen, and no other will come. So each sealing takes the rows from the last position up to that horizon, and none is
skipped because it committed late. A commit has at most ``ROWS_MAX`` rows: one that ends within a transaction remembers
how many of that one's rows, ordered by (at, id), it has.

Both are written in the same Delta commit as the rows (as application transactions of the Delta protocol), so a crash at
any moment leaves all or nothing. One sealer works at a time (an advisory lock); should two ever meet, Delta
refuses the second commit. ``lake_seals`` in PostgreSQL is for people and reports: a hint, written afterwards.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from groundswell.platform.locks import Lock, giving_back, taking
from groundswell.platform.positions import homes
from groundswell.platform.settings import Settings

from .delta import PROPERTIES, SEALED, SealedTable, lake_url, make_delta, open_delta

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable

    from groundswell.platform.runtime import Runtime

ROWS_MAX = 200_000
WITHIN = "/within"
"""Ends the name of the application transaction that says how many rows at the position are sealed."""
COMPACT_EVERY = 100


class LakeOfAnotherDatabase(RuntimeError):
    """The lake was sealed from another database than ours; mixing the two would count things twice."""


@dataclass(frozen=True, slots=True)
class Place:
    """Up to where a table is sealed: all rows before ``position``, and the first ``within`` of those at it."""

    position: int
    within: int = 0


@dataclass(frozen=True, slots=True)
class Seal:
    """One sealing of one table: rows added, and the position (exclusive) up to which all is in the lake."""

    rows: int
    position: int
    as_of: datetime


class Sealer:
    """Seals all tables, holding the lock from its first sealing until ``close``.

    Blocking, and heavy for as long as it runs: it belongs in a process that serves nobody (``lake/sealer_process.py``).
    """

    def __init__(self, url: str, settings: Settings) -> None:
        self.url, self.settings = url, settings
        self._connection: psycopg.Connection[Any] | None = None
        self._locked = False
        self._tables: dict[str, DeltaTable] = {}

    def seal(self, *, wait: bool = False) -> dict[str, Seal]:
        """Seal what has been committed; empty when another process is the sealer.

        Args:
            wait: wait until the other has left, rather than return at once.

        Raises:
            LakeOfAnotherDatabase: wrong ``GROUNDSWELL_LAKE_URL``, or a restored database.
        """
        connection = self._connect(wait)
        if connection is None:
            return {}
        return {table.name: self._seal_all_of(connection, table) for table in SEALED.values()}

    def close(self) -> None:
        """Let another process be the sealer."""
        connection, self._connection = self._connection, None
        locked, self._locked = self._locked, False
        self._tables.clear()
        if connection is not None:
            if locked and not connection.closed:  # the server notices a closed connection only some time later
                with suppress(psycopg.Error):
                    connection.execute(*giving_back(Lock.SEALING))
            connection.close()

    def _connect(self, wait: bool) -> psycopg.Connection[Any] | None:
        """The connection that holds the lock; None while another's does."""
        if self._connection is None or self._connection.closed:
            self.close()
            self._connection = psycopg.connect(self.url, autocommit=True, options="-c TimeZone=UTC")
        if not self._locked:
            row = self._connection.execute(*taking(Lock.SEALING, wait=wait)).fetchone()
            self._locked = row is not None and row[0] is not False
        return self._connection if self._locked else None

    def _seal_all_of(self, connection: psycopg.Connection[Any], table: SealedTable) -> Seal:
        rows = 0
        while True:
            seal, more = self._seal_once(connection, table)
            rows += seal.rows
            if not more:
                return Seal(rows, seal.position, seal.as_of)

    def _seal_once(self, connection: psycopg.Connection[Any], table: SealedTable) -> tuple[Seal, bool]:
        lived = homes(connection)
        delta = self._open(table, lived)
        start = sealed_up_to(delta, lived[0])
        with connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            horizon, as_of = _horizon(connection, table)
            rows = _rows(connection, table, start, horizon)
            taken = 0 if rows is None else rows.num_rows
            end = Place(horizon) if taken < ROWS_MAX else _end(connection, table, start, taken)
        if rows is not None:
            delta = delta or self._make(table, lived[-1])
            _write(delta, rows, lived[0], end)
            if delta.version() % COMPACT_EVERY == 0:
                compact(delta)
        if end.position == horizon:
            _note(connection, table, horizon, delta.version() if delta is not None else 0, as_of)
        return Seal(taken, start.position if rows is None else end.position, as_of), end.position < horizon

    def _open(self, table: SealedTable, lived: list[str]) -> DeltaTable | None:
        delta = self._tables.get(table.name)
        if delta is None:
            delta = open_delta(self.settings, table)
            if delta is None:
                return None
            _check_owner(lake_url(self.settings, table), delta.metadata().description, lived)
            self._tables[table.name] = delta
        return delta

    def _make(self, table: SealedTable, database: str) -> DeltaTable:
        self._tables[table.name] = make_delta(self.settings, table, database)
        return self._tables[table.name]


def sealed_up_to(delta: DeltaTable | None, name: str) -> Place:
    """Up to where the lake holds what was sealed under ``name``."""
    if delta is None:
        return Place(0)
    return Place(delta.transaction_version(name) or 0, delta.transaction_version(name + WITHIN) or 0)


def _check_owner(url: str, owner: str | None, lived: list[str]) -> None:
    if owner == lived[-1]:
        return
    if owner in lived:
        raise LakeOfAnotherDatabase(
            f"{url} was sealed where this database lived before. If it is not sealed from there any more: "
            "groundswell adopt-lake. Otherwise name another place with GROUNDSWELL_LAKE_URL."
        )
    raise LakeOfAnotherDatabase(
        f"{url} was sealed from another database; name another place with GROUNDSWELL_LAKE_URL, or move that one away."
    )


def _horizon(connection: psycopg.Connection[Any], table: SealedTable) -> tuple[int, datetime]:
    """The position up to which all is final, and the instant up to which that makes the lake complete."""
    written = sql.Identifier("received_at" if "received_at" in table.columns else "created_at")
    query = sql.SQL(
        "WITH h AS (SELECT pg_snapshot_xmin(log_snapshot()) AS xid) "
        "SELECT h.xid::text::bigint, least(now(), (SELECT min({}) FROM {} t WHERE t.xid >= h.xid)) FROM h"
    ).format(written, sql.Identifier(table.name))
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0], row[1]


def _rows(connection: psycopg.Connection[Any], table: SealedTable, start: Place, horizon: int) -> pa.Table | None:
    """The next rows from ``start`` up to ``horizon``, as many as one commit may have.

    PostgreSQL writes CSV and Arrow reads it, with no Python object a row.
    """
    query = sql.SQL(
        "COPY (SELECT {} FROM {} WHERE xid >= {}::text::xid8 AND xid < {}::text::xid8 ORDER BY xid, at, id "
        "OFFSET {} LIMIT {}) TO STDOUT (FORMAT csv)"
    ).format(
        sql.SQL(", ").join(map(sql.Identifier, table.columns)),
        sql.Identifier(table.name),
        sql.Literal(start.position),
        sql.Literal(horizon),
        sql.Literal(start.within),
        sql.Literal(ROWS_MAX),
    )
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        text = b"".join(copy)
    return table.from_csv(text) if text else None


def _end(connection: psycopg.Connection[Any], table: SealedTable, start: Place, taken: int) -> Place:
    """Where ``taken`` rows from ``start`` end: at a transaction, of which so many rows are before that."""
    name, last = sql.Identifier(table.name), start.within + taken
    query = sql.SQL(
        "SELECT xid::text::bigint FROM {} WHERE xid >= {}::text::xid8 ORDER BY xid, at, id OFFSET {} LIMIT 1"
    ).format(name, start.position, last - 1)
    row = connection.execute(query).fetchone()
    assert row is not None
    earlier = sql.SQL("SELECT count(*) FROM {} WHERE xid >= {}::text::xid8 AND xid < {}::text::xid8")
    before = connection.execute(earlier.format(name, start.position, row[0])).fetchone()
    assert before is not None
    return Place(row[0], last - before[0])


def _write(delta: DeltaTable, rows: pa.Table, name: str, end: Place) -> None:
    from deltalake import CommitProperties, Transaction, write_deltalake

    places = [Transaction(name, end.position), Transaction(name + WITHIN, end.within)]
    write_deltalake(delta, rows, mode="append", commit_properties=CommitProperties(app_transactions=places))


def _note(
    connection: psycopg.Connection[Any], table: SealedTable, position: int, version: int, as_of: datetime
) -> None:
    connection.execute(
        "INSERT INTO lake_seals (name, position, version, as_of) VALUES (%s, %s, %s, %s) "
        "ON CONFLICT (name) DO UPDATE SET position = excluded.position, version = excluded.version, "
        "as_of = excluded.as_of",
        [table.name, position, version, as_of],
    )


def compact(delta: DeltaTable) -> None:
    """Join the small files of each day into large ones, and drop files that no reader can still be reading.

    What is there is at most what the last hour and the seals since the last time wrote, beside the days themselves.
    """
    if {name: delta.metadata().configuration.get(name) for name in PROPERTIES} != PROPERTIES:
        delta.alter.set_table_properties(dict(PROPERTIES))  # a table of an earlier version
    delta.optimize.compact()
    delta.vacuum(retention_hours=1, enforce_retention_duration=False, dry_run=False)
    delta.cleanup_metadata()


async def seal_now(runtime: Runtime) -> dict[str, Seal]:
    """Seal what is committed, as soon as it is our turn, in this process."""
    sealer = Sealer(runtime.database.url, runtime.settings)
    try:
        return await asyncio.to_thread(sealer.seal, wait=True)
    finally:
        await asyncio.to_thread(sealer.close)
