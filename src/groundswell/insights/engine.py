"""Where reports are computed: Ibis expressions over the lake, on DuckDB. Imported by the first report asked for."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir
from deltalake import DeltaTable

from groundswell.attribution.lake import CREDITS
from groundswell.events.lake import EVENTS, SealedTable, files_between, open_delta
from groundswell.platform.settings import Settings


@dataclass(frozen=True)
class Lake:
    """The sealed tables of some days, as Ibis tables: whoever asks with Ibis need not know the engine."""

    events: ir.Table
    credits: ir.Table


@contextmanager
def opened(settings: Settings, first: date, last: date) -> Iterator[Lake]:
    """The lake's days from ``first`` to ``last``, both included; empty tables where nothing has been sealed."""
    connection = ibis.duckdb.connect()
    try:
        yield Lake(
            _table(connection, settings, EVENTS, first, last), _table(connection, settings, CREDITS, first, last)
        )
    finally:
        connection.disconnect()


def _table(connection: ibis.BaseBackend, settings: Settings, table: SealedTable, first: date, last: date) -> ir.Table:
    delta = open_delta(settings, table)
    files = [] if delta is None else files_between(delta, first, last)
    if delta is None or not files:
        return ibis.memtable(table.schema().empty_table())
    if "://" in files[0]:
        return _remote(connection, delta, table.name)
    return connection.read_parquet(files, table_name=table.name, hive_partitioning=False)


def _remote(connection: ibis.BaseBackend, delta: DeltaTable, name: str) -> ir.Table:
    """A table in an object store, read by Delta's own client (DuckDB would need an extension of its own)."""
    connection.con.register(name, delta.to_pyarrow_dataset())
    return connection.table(name)
