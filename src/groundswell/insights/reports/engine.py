"""Reading the lake: its tables as Ibis tables, on the engine that the settings name.

Imported by the first report that is asked for: the libraries are heavy to load.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import ibis.expr.types as ir
import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from groundswell.attribution.lake import CREDITS
from groundswell.events.lake.delta import EVENTS, VERDICTS, SealedTable, files_between, open_delta
from groundswell.events.traffic.current_verdict import judged, of_people
from groundswell.insights.engines.contract import Engine, EngineUnknown, LakeDamaged
from groundswell.platform.settings import Settings

Rows = list[dict[str, Any]]
READ = (EVENTS, CREDITS, VERDICTS)


@dataclass(frozen=True)
class Lake:
    """The sealed tables of some days, and the rows that say what their ids stand for (see ``dimensions``).

    ``events`` carry the current verdict, which may be a later one than they were logged with; ``logged`` are
    the same as they were logged, for questions that no verdict decides. ``credits`` stand by the current verdicts;
    ``given`` is all that was ever given.

    ``run`` computes an expression over them.
    """

    engine: Engine
    events: ir.Table
    logged: ir.Table
    credits: ir.Table
    given: ir.Table
    named: Mapping[str, ir.Table]

    def run(self, expression: ir.Table) -> Rows:
        """The rows of an expression over these tables.

        Raises:
            EngineDown, LakeDamaged.
        """
        return rows_of(self.engine.run(expression))


KEY_TABLE = "asked_keys"


def mapped(path: Path) -> pa.Table:
    """An Arrow table that lies in a file, and is read from there."""
    with pa.memory_map(str(path)) as file:
        return pa.ipc.open_file(file).read_all()


def rows_of(table: pa.Table) -> Rows:
    rows: Rows = table.to_pylist()
    return rows


def credit_rows(engine: Engine, name: str, credits: Sequence[Mapping[str, Any]]) -> ir.Table:
    """Credit that no lake holds (values by column), as a table like the lake's."""
    schema = stored(CREDITS)
    rows = [{column: _cell(credit[column]) for column in schema.names} for credit in credits]
    return engine.rows(name, pa.Table.from_pylist(rows, schema))


def key_rows(engine: Engine, keys: Sequence[str]) -> ir.Table:
    """Keys as a table with one column, ``key``. One at a time: the next takes the name of the one before."""
    return engine.rows(KEY_TABLE, pa.table({"key": pa.array(keys, pa.string())}))


def _cell(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value


def engine_of(url: str) -> Engine:
    """The engine that an address names.

    Raises:
        EngineUnknown, EngineDown.
    """
    scheme = url.split(":", 1)[0]
    if scheme == "duckdb":
        from groundswell.insights.engines.duckdb import DuckDB

        return DuckDB()
    if scheme in ("clickhouse", "chdb"):
        from groundswell.insights.engines.clickhouse import ChDB, ClickHouse, ClickHouseServer

        return ClickHouse(ClickHouseServer(url) if scheme == "clickhouse" else ChDB())
    if scheme == "spark":
        from groundswell.insights.engines.spark import Spark

        return Spark(url)
    raise EngineUnknown(f"{scheme}: is none of duckdb:, clickhouse://host:port/database, chdb:, spark://host:port.")


@contextmanager
def opened(settings: Settings, first: date, last: date, named: Mapping[str, pa.Table] | None = None) -> Iterator[Lake]:
    """The lake's days from ``first`` to ``last``, both included; empty tables where nothing has been sealed.

    Args:
        named: small tables to be asked about beside them, by name.

    Raises:
        EngineUnknown, EngineDown, LakeDamaged.
    """
    engine = engine_of(settings.analytics_url)
    try:
        logged, given, verdicts = (_table(engine, settings, table, first, last) for table in READ)
        if logged is None:
            logged = _nothing(engine, EVENTS)
        if given is None:
            given = _nothing(engine, CREDITS)
        events = logged if verdicts is None else judged(logged, verdicts)
        credits = given if verdicts is None else of_people(given, verdicts)
        small = {name: engine.rows(name, rows) for name, rows in (named or {}).items()}
        yield Lake(engine, events, logged, credits, given, small)
    finally:
        engine.close()


def stored(table: SealedTable) -> pa.Schema:
    """The columns of the table's files."""
    schema = table.schema()
    return schema.remove(schema.get_field_index("day"))  # by which files are found; no file holds it


def _nothing(engine: Engine, table: SealedTable) -> ir.Table:
    return engine.rows(table.name, stored(table).empty_table())


def _table(engine: Engine, settings: Settings, table: SealedTable, first: date, last: date) -> ir.Table | None:
    """The table's files of these days; None when there are none."""
    try:
        delta = open_delta(settings, table)
        files = [] if delta is None else files_between(delta, first, last)
    except DeltaError as error:
        raise LakeDamaged(f"The log of {table.name} cannot be read: {str(error)[:200]}") from None
    if delta is None or not files:
        return None
    check(delta, files)
    return engine.files(table.name, files, stored(table))


def check(delta: DeltaTable, files: list[str]) -> None:
    """Whether the files of a local lake are as they were written.

    Raises:
        LakeDamaged: one is missing or cut short; it is named.
    """
    if "://" in files[0]:
        return
    actions = pa.table(delta.get_add_actions(flatten=True))
    sizes = dict(zip(actions["path"].to_pylist(), actions["size_bytes"].to_pylist(), strict=True))
    for file in files:
        path = Path(file)
        name = "/".join(path.parts[-2:])
        found = path.stat().st_size if path.exists() else None
        if found is None:
            raise LakeDamaged(f"{name} is missing from the lake.", file=name)
        if found != sizes.get(name, found):
            raise LakeDamaged(f"{name} has {found} bytes and was written with {sizes[name]}.", file=name)
