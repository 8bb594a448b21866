"""DuckDB inside this process: the default, and enough for what one machine holds."""

from collections.abc import Sequence
from contextlib import ExitStack

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.dataset as ds

from groundswell.media.scratch import scratch

from .contract import EngineDown, LakeDamaged

MEMORY = "3GB"
UNREADABLE = (duckdb.IOException, duckdb.InvalidInputException, duckdb.SerializationException, duckdb.CatalogException)


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
                return self._connection.read_parquet(files, table_name=name, hive_partitioning=False)
            except UNREADABLE as error:
                raise LakeDamaged(first_line(error)) from None
        # An object store is read by Arrow (DuckDB would need an extension of its own).
        from pyarrow import fs

        filesystem, _ = fs.FileSystem.from_uri(files[0])
        paths = [file.split("://", 1)[1] for file in files]
        return self.arrow(name, ds.dataset(paths, schema=schema, filesystem=filesystem, format="parquet"))

    def rows(self, name: str, rows: pa.Table) -> ir.Table:
        return self.arrow(name, rows)

    def arrow(self, name: str, source: object) -> ir.Table:
        self._connection.con.register(name, source)
        return self._connection.table(name)

    def run(self, expression: ir.Table) -> pa.Table:
        try:
            return expression_rows(self._connection.to_pyarrow(expression), expression)
        except UNREADABLE as error:
            raise LakeDamaged(first_line(error)) from None
        except duckdb.OutOfMemoryException as error:
            raise EngineDown(f"The question needs more memory than DuckDB may use: {first_line(error)}") from None

    def close(self) -> None:
        self._connection.disconnect()
        self._scratch.close()


def expression_rows(found: pa.Table, expression: ir.Table) -> pa.Table:
    """``found`` with the types that the expression says; engines differ in how wide their sums are, and in whether
    an instant says that it is UTC."""
    fields = expression.schema().to_pyarrow()
    utc = pa.timestamp("us", "UTC")
    return found.cast(pa.schema([(f.name, utc if pa.types.is_timestamp(f.type) else f.type) for f in fields]))


def first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0][:300]
