"""Sealing: every committed row goes into the lake exactly once, in the order in which transactions ended.

A row carries the id of the transaction that wrote it. ``pg_snapshot_xmin`` of a snapshot is the oldest transaction that
had not ended when it was taken: every row of an older transaction is there to be seen, and no other will come. So each
sealing takes the rows from the last position up to that horizon, and none is skipped because it committed late.

The position is written in the same Delta commit as the rows (an application transaction of the Delta protocol), so a
crash at any moment leaves both or neither. One sealer works at a time (an advisory lock); should two ever meet, Delta
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

from groundswell.platform.settings import Settings

from .lake import SEALED, SealedTable, lake_url, make_delta, open_delta

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable

    from groundswell.platform.runtime import Runtime

LOCK = 0x6C616B65  # "lake"
ROWS_MAX = 200_000
COMPACT_EVERY = 100


class LakeOfAnotherDatabase(RuntimeError):
    """The lake was sealed from another database than ours; mixing the two would count things twice."""


@dataclass(frozen=True, slots=True)
class Seal:
    """One sealing of one table: rows added, and the position (exclusive) up to which all is in the lake."""

    rows: int
    position: int
    as_of: datetime


class Sealer:
    """Seals all tables, holding the lock from its first sealing until ``close``.

    Blocking, and heavy for as long as it runs: it belongs in a process that serves nobody (``sealing_process.py``).
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
                    connection.execute(f"SELECT pg_advisory_unlock({LOCK})")
            connection.close()

    def _connect(self, wait: bool) -> psycopg.Connection[Any] | None:
        """The connection that holds the lock; None while another's does."""
        if self._connection is None or self._connection.closed:
            self.close()
            self._connection = psycopg.connect(self.url, autocommit=True, options="-c TimeZone=UTC")
        if not self._locked:
            function = "pg_advisory_lock" if wait else "pg_try_advisory_lock"
            row = self._connection.execute(f"SELECT {function}({LOCK})").fetchone()
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
        database = database_identity(connection)
        delta = self._open(table, database)
        start = delta.transaction_version(database) or 0 if delta is not None else 0
        with connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            horizon, as_of = _horizon(connection, table)
            end = _end(connection, table, start, horizon)
            rows = _rows(connection, table, start, end)
        if rows is not None:
            delta = delta or self._make(table, database)
            _write(delta, rows, database, end)
            if delta.version() % COMPACT_EVERY == 0:
                compact(delta)
        position = end if rows is not None else start
        if end == horizon:
            _note(connection, table, horizon, delta.version() if delta is not None else 0, as_of)
        return Seal(rows.num_rows if rows is not None else 0, position, as_of), end < horizon

    def _open(self, table: SealedTable, database: str) -> DeltaTable | None:
        delta = self._tables.get(table.name)
        if delta is None:
            delta = open_delta(self.settings, table)
            if delta is None:
                return None
            if delta.metadata().description != database:
                raise LakeOfAnotherDatabase(
                    f"{lake_url(self.settings, table)} was sealed from another database; name another place "
                    "with GROUNDSWELL_LAKE_URL, or move that one away."
                )
            self._tables[table.name] = delta
        return delta

    def _make(self, table: SealedTable, database: str) -> DeltaTable:
        self._tables[table.name] = make_delta(self.settings, table, database)
        return self._tables[table.name]


def database_identity(connection: psycopg.Connection[Any]) -> str:
    """What tells this database from every other: its transaction ids mean nothing elsewhere."""
    query = "SELECT system_identifier, oid FROM pg_control_system(), pg_database WHERE datname = current_database()"
    row = connection.execute(query).fetchone()
    assert row is not None
    return f"groundswell:{row[0]}:{row[1]}"


def _horizon(connection: psycopg.Connection[Any], table: SealedTable) -> tuple[int, datetime]:
    """The position up to which all is final, and the instant up to which that makes the lake complete."""
    written = sql.Identifier("received_at" if "received_at" in table.columns else "created_at")
    query = sql.SQL(
        "WITH h AS (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS xid) "
        "SELECT h.xid::text::bigint, least(now(), (SELECT min({}) FROM {} t WHERE t.xid >= h.xid)) FROM h"
    ).format(written, sql.Identifier(table.name))
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0], row[1]


def _end(connection: psycopg.Connection[Any], table: SealedTable, start: int, horizon: int) -> int:
    """``horizon``, or before it when that would be more rows than one commit should have."""
    query = sql.SQL(
        "SELECT xid::text::bigint FROM {} WHERE xid >= {}::text::xid8 AND xid < {}::text::xid8 "
        "ORDER BY xid OFFSET {} LIMIT 1"
    ).format(sql.Identifier(table.name), start, horizon, ROWS_MAX)
    row = connection.execute(query).fetchone()
    return horizon if row is None else max(int(row[0]), start + 1)


def _rows(connection: psycopg.Connection[Any], table: SealedTable, start: int, end: int) -> pa.Table | None:
    """The rows from ``start`` up to ``end``: PostgreSQL writes CSV and Arrow reads it, with no Python object a row."""
    query = sql.SQL(
        "COPY (SELECT {} FROM {} WHERE xid >= {}::text::xid8 AND xid < {}::text::xid8 ORDER BY xid, at, id) "
        "TO STDOUT (FORMAT csv)"
    ).format(
        sql.SQL(", ").join(map(sql.Identifier, table.columns)),
        sql.Identifier(table.name),
        sql.Literal(start),
        sql.Literal(end),
    )
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        text = b"".join(copy)
    return table.from_csv(text) if text else None


def _write(delta: DeltaTable, rows: pa.Table, database: str, position: int) -> None:
    from deltalake import CommitProperties, Transaction, write_deltalake

    write_deltalake(
        delta,
        rows,
        mode="append",
        commit_properties=CommitProperties(app_transactions=[Transaction(database, position)]),
    )


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
    """Join the small files of each day into large ones, and drop files that no reader can still be reading."""
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
