"""DuckDB inside this process: the default, and enough for what one machine holds."""

from collections.abc import Sequence
from contextlib import ExitStack
from functools import lru_cache

import duckdb
import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.dataset as ds

from groundswell.media.scratch import scratch

from .contract import EngineDown, LakeDamaged

MEMORY = "3GB"
UNREADABLE = (duckdb.IOException, duckdb.InvalidInputException, duckdb.SerializationException, duckdb.CatalogException)
KEPT = 128
"""Questions whose SQL is kept; each takes some 100 KB."""


class DuckDB:
    """A connection of its own for each reading; what does not fit into ``MEMORY`` goes to a folder of its own."""

    def __init__(self) -> None:
        self._scratch = ExitStack()
        spill = self._scratch.enter_context(scratch())
        self._connection = ibis.duckdb.connect()
        self._connection.raw_sql(
            f"SET TimeZone = 'UTC'; SET memory_limit = '{MEMORY}'; SET temp_directory = '{spill}'; "
            "SET preserve_insertion_order = false; SET enable_progress_bar = false"
        )

    def files(self, name: str, files: Sequence[str], schema: pa.Schema) -> ir.Table:
        if "://" not in files[0]:
            try:
                self._connection.read_parquet(files, table_name=name, hive_partitioning=False)
            except UNREADABLE as error:
                raise LakeDamaged(first_line(error)) from None
            return _named(name, schema)
        # An object store is read by Arrow (DuckDB would need an extension of its own).
        from pyarrow import fs

        filesystem, _ = fs.FileSystem.from_uri(files[0])
        paths = [file.split("://", 1)[1] for file in files]
        self._connection.con.register(name, ds.dataset(paths, schema=schema, filesystem=filesystem, format="parquet"))
        return _named(name, schema)

    def rows(self, name: str, rows: pa.Table) -> ir.Table:
        self._connection.con.register(name, rows)
        return _named(name, rows.schema)

    def run(self, expression: ir.Table) -> pa.Table:
        try:
            return expression_rows(self._connection.con.sql(_sql(expression.op())).to_arrow_table(), expression)
        except UNREADABLE as error:
            raise LakeDamaged(first_line(error)) from None
        except duckdb.OutOfMemoryException as error:
            raise EngineDown(f"The question needs more memory than DuckDB may use: {first_line(error)}") from None

    def close(self) -> None:
        self._connection.disconnect()
        self._scratch.close()


def _named(name: str, schema: pa.Schema) -> ir.Table:
    """A table of the connection that a question is put to, whichever that is: the same question is equal to itself."""
    return ibis.table(ibis.Schema.from_pyarrow(schema), name=name)


@lru_cache(KEPT)
def _sql(question: ops.Node) -> str:
    """The SQL of a question. Writing it takes several times as long as a small answer does, and pages are opened
    again and again."""
    return str(ibis.to_sql(question.to_expr(), dialect="duckdb", pretty=False))


def expression_rows(found: pa.Table, expression: ir.Table) -> pa.Table:
    """``found`` with the types that the expression says; engines differ in how wide their sums are, and in whether
    an instant says that it is UTC."""
    fields = expression.schema().to_pyarrow()
    utc = pa.timestamp("us", "UTC")
    return found.cast(pa.schema([(f.name, utc if pa.types.is_timestamp(f.type) else f.type) for f in fields]))


def first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0][:300]
