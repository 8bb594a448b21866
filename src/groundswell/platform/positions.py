"""Positions: the order in which transactions wrote, in numbers that travel with the database.

A row's position is the id of the transaction that wrote it, plus a base. Ids alone mean nothing in another cluster: a
dump that is restored there would be written to under ids that are smaller than, or equal to, those it brings along. So
the database remembers where it has lived (``log_homes``); at the first start in a new home the base is raised until
every position to come is larger than all that are kept, and rows, snapshots and marks that were dumped keep their
meaning.

``log_position()`` is the position of the current transaction, ``log_snapshot()`` the current snapshot in positions:
``pg_visible_in_snapshot`` compares the two as it does ids. The base is written into both, so that it costs no look-up.
"""

from typing import Annotated, Any

import psycopg
from psycopg import sql
from sqlalchemy import DDL, MetaData, event, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from .database import Base, CreatedAt
from .locks import Lock, taking

KEPT_SNAPSHOT = {"position": "pg_snapshot_xmax({}::pg_snapshot)::text::bigint"}
KEPT_POSITION = {"position": "{}"}
"""``info`` of a column that keeps a snapshot as text, or a position as a number."""

EMPTY_SNAPSHOT = "1:1:"
"""Sees nothing."""


class TransactionId(UserDefinedType[int]):
    """PostgreSQL's ``xid8``: a 64-bit transaction id that never wraps around."""

    cache_ok = True

    def get_col_spec(self, **options: Any) -> str:
        return "xid8"


Position = Annotated[int, mapped_column(TransactionId, server_default=text("log_position()"), index=True)]
"""The position of the transaction that wrote the row."""


class LogHome(Base):
    """A database in which this one's rows have lived: the newest ``number`` is where they live now.

    ``database`` is its identity (``database_identity``), ``base`` what was added to transaction ids there. The first
    home's identity is the lake's name for all that was ever sealed from these rows.
    """

    __tablename__ = "log_homes"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    database: Mapped[str]
    base: Mapped[int]
    since: Mapped[CreatedAt]


MOVED_SNAPSHOT = """
SELECT ((pg_snapshot_xmin(s)::text::bigint + BASE) || ':' || (pg_snapshot_xmax(s)::text::bigint + BASE) || ':'
    || coalesce((SELECT string_agg((x::text::bigint + BASE)::text, ',' ORDER BY x) FROM pg_snapshot_xip(s) x), '')
)::pg_snapshot FROM (SELECT pg_current_snapshot() AS s) here
"""


def functions(base: int) -> str:
    """The statements that make ``log_position()`` and ``log_snapshot()``, with ``base`` written into them."""
    if base == 0:
        position, snapshot = "pg_current_xact_id()", "SELECT pg_current_snapshot()"
    else:
        position = f"(pg_current_xact_id()::text::bigint + {base})::text::xid8"
        snapshot = MOVED_SNAPSHOT.replace("BASE", str(base))
    return (
        f"CREATE OR REPLACE FUNCTION log_position() RETURNS xid8 LANGUAGE sql AS $$ SELECT {position} $$;\n"
        f"CREATE OR REPLACE FUNCTION log_snapshot() RETURNS pg_snapshot LANGUAGE sql STABLE AS $$ {snapshot} $$;\n"
    )


event.listen(Base.metadata, "before_create", DDL(functions(0)))  # type: ignore[no-untyped-call]


def database_identity(connection: psycopg.Connection[Any]) -> str:
    """What tells this database from every other: its transaction ids mean nothing elsewhere."""
    query = "SELECT system_identifier, oid FROM pg_control_system(), pg_database WHERE datname = current_database()"
    row = connection.execute(query).fetchone()
    assert row is not None
    return f"groundswell:{row[0]}:{row[1]}"


def homes(connection: psycopg.Connection[Any]) -> list[str]:
    """The identities of all databases in which these rows have lived, the present one last."""
    found = connection.execute("SELECT database FROM log_homes ORDER BY number").fetchall()
    return [row[0] for row in found] or [database_identity(connection)]


def settle_in(connection: psycopg.Connection[Any], metadata: MetaData) -> None:
    """Note where the database lives, if it is not noted; raise the base, if it comes from elsewhere. To be called
    before anything is written there.

    Args:
        connection: in autocommit.
        metadata: its columns say where positions are kept.
    """
    here = database_identity(connection)
    if _home(connection)[1] == here:
        return
    with connection.transaction():
        connection.execute(*taking(Lock.MIGRATION, until="transaction"))
        number, database, base = _home(connection)
        if database == here:
            return
        newest = _newest(connection, metadata)
        row = connection.execute(
            "SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint FROM pg_current_snapshot() s"
        ).fetchone()
        assert row is not None
        oldest_running, next_id = row
        # Where no home was ever noted, others may be writing already: ids that fit in tell that it is their home.
        if oldest_running + base <= newest and (database is not None or next_id <= newest):
            base = newest + 1 - oldest_running
            connection.execute(functions(base).encode())
        connection.execute(
            "INSERT INTO log_homes (number, database, base) VALUES (%s, %s, %s)", [number + 1, here, base]
        )


def _home(connection: psycopg.Connection[Any]) -> tuple[int, str | None, int]:
    row = connection.execute("SELECT number, database, base FROM log_homes ORDER BY number DESC LIMIT 1").fetchone()
    return (0, None, 0) if row is None else (row[0], row[1], row[2])


def _newest(connection: psycopg.Connection[Any], metadata: MetaData) -> int:
    """The largest position that any row, mark or snapshot has."""
    kept: list[sql.Composed] = []
    for table in metadata.tables.values():
        for column in table.columns:
            name, of = sql.Identifier(column.name), sql.Identifier(table.name)
            if isinstance(column.type, TransactionId):
                query = sql.SQL("(SELECT {0}::text::bigint FROM {1} ORDER BY {0} DESC LIMIT 1)").format(name, of)
            elif "position" in column.info:
                position = sql.SQL(column.info["position"]).format(name)
                query = sql.SQL("SELECT max({}) FROM {}").format(position, of)
            else:
                continue
            kept.append(query)
    if not kept:
        return 0
    query = sql.SQL("SELECT coalesce(max(kept), 0) FROM ({}) AS all_kept(kept)").format(
        sql.SQL(" UNION ALL ").join(kept)
    )
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])
