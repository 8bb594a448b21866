"""ClickHouse: a server spoken to over HTTP, or chDB, its engine inside this process.

Ibis writes the expression in ClickHouse's dialect; each table in it is then replaced by the table function that reads
its files, so that nothing is created on the server and a reader needs no right but to read.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import sqlglot
from sqlglot import expressions as sge

from groundswell.media.scratch import scratch

from .contract import EngineDown, LakeDamaged
from .duckdb import expression_rows, first_line

SETTINGS = "join_use_nulls = 1, session_timezone = 'UTC', max_query_size = 268435456"
TIMEOUT_S = 300
TYPES = {
    pa.string(): "String",
    pa.int64(): "Int64",
    pa.int32(): "Int32",
    pa.timestamp("us", "UTC"): "DateTime64(6, 'UTC')",
}
UNREADABLE = ("CANNOT_STAT", "FILE_DOESNT_EXIST", "INCORRECT_DATA", "CANNOT_READ", "CANNOT_EXTRACT_TABLE_STRUCTURE",
              "PARQUET", "Parquet", "magic")  # fmt: skip


class Answering(Protocol):
    """Runs SQL whose answer is an Arrow stream; puts small tables where that SQL can name them."""

    def ask(self, query: str) -> bytes: ...

    def place(self, name: str, rows: pa.Table) -> str: ...


class ClickHouse:
    """The dialect. ``answering`` is who speaks it."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self._sources: dict[str, str] = {}

    def files(self, name: str, files: Sequence[str], schema: pa.Schema) -> ir.Table:
        function = "s3" if "://" in files[0] else "file"
        return self._named(name, schema, f"{function}({_globbed(files)}, 'Parquet', {_structure(schema)})")

    def rows(self, name: str, rows: pa.Table) -> ir.Table:
        return self._named(name, rows.schema, self._answering.place(name, rows))

    def _named(self, name: str, schema: pa.Schema, source: str) -> ir.Table:
        self._sources[name] = source
        return ibis.table(ibis.Schema.from_pyarrow(schema), name=name)

    def sql(self, expression: ir.Table) -> str:
        """The expression in ClickHouse's dialect, reading the files themselves."""
        tree = sqlglot.parse_one(str(ibis.to_sql(expression, dialect="clickhouse")), dialect="clickhouse")
        for table in list(tree.find_all(sge.Table)):
            if table.name in self._sources and not table.args.get("db"):
                source = sqlglot.parse_one(f"SELECT * FROM {self._sources[table.name]}", dialect="clickhouse")  # noqa: S608 - ours
                table.replace(
                    sge.Subquery(this=source, alias=sge.TableAlias(this=sge.to_identifier(table.alias_or_name)))
                )
        return f"{tree.sql(dialect='clickhouse')} SETTINGS {SETTINGS}"

    def run(self, expression: ir.Table) -> pa.Table:
        answer = self._answering.ask(self.sql(expression))
        if not answer:
            return expression.schema().to_pyarrow().empty_table()
        return expression_rows(pa.ipc.open_stream(answer).read_all(), expression)

    def close(self) -> None:
        close = getattr(self._answering, "close", None)
        if close is not None:
            close()


class ChDB:
    """ClickHouse's engine in this process."""

    def __init__(self) -> None:
        self._scratch = ExitStack()
        self._folder = self._scratch.enter_context(scratch())

    def ask(self, query: str) -> bytes:
        import chdb

        run: Callable[[str, str], Any] = chdb.query
        try:
            return bytes(run(query, "ArrowStream").bytes())
        except Exception as error:
            raise _refused(first_line(error)) from None

    def place(self, name: str, rows: pa.Table) -> str:
        path = self._folder / f"{name}.parquet"
        pq.write_table(rows, path)
        return f"file('{path}', 'Parquet', {_structure(rows.schema)})"

    def close(self) -> None:
        self._scratch.close()


class ClickHouseServer:
    """A ClickHouse server's HTTP interface. A lake in a folder must lie where the server may read files."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        scheme = "https" if parts.port in (443, 8443) else "http"
        auth = (parts.username, parts.password or "") if parts.username else None
        database = parts.path.strip("/") or "default"
        base = f"{scheme}://{parts.hostname}:{parts.port or 8123}"
        self._http = httpx.Client(base_url=base, auth=auth, params={"database": database}, timeout=TIMEOUT_S)

    def ask(self, query: str) -> bytes:
        try:
            answer = self._http.post("/", params={"default_format": "ArrowStream"}, content=query.encode())
        except httpx.HTTPError as error:
            raise EngineDown(f"ClickHouse does not answer: {type(error).__name__}.") from None
        if answer.is_error:
            raise _refused(first_line(Exception(answer.text)))
        return answer.content

    def place(self, name: str, rows: pa.Table) -> str:
        sink = pa.BufferOutputStream()
        pa_csv.write_csv(rows, sink, pa_csv.WriteOptions(include_header=False))
        text = sink.getvalue().to_pybytes().decode().replace("\\", "\\\\").replace("'", "\\'")
        return f"format(CSV, {_structure(rows.schema)}, '{text}')"

    def close(self) -> None:
        self._http.close()


def _refused(words: str) -> EngineDown | LakeDamaged:
    if any(sign in words for sign in UNREADABLE):
        return LakeDamaged(words)
    return EngineDown(f"ClickHouse refused the question: {words}")


def _globbed(files: Sequence[str]) -> str:
    """One argument that names all files: ``{a,b}`` is one or the other."""
    plain = [file.replace("\\", "\\\\").replace("'", "\\'") for file in files]
    if len(plain) == 1:
        return f"'{plain[0]}'"
    folder = _shared(plain)
    return f"'{folder}{{{','.join(file.removeprefix(folder) for file in plain)}}}'"


def _shared(files: Sequence[str]) -> str:
    """The folder that all of ``files`` are below, with its slash (no alternative may begin with one)."""
    first, last = min(files).split("/"), max(files).split("/")
    same = next(n for n, (one, other) in enumerate(zip(first, last, strict=False)) if one != other)
    return "/".join(first[:same]) + "/"


def _structure(schema: pa.Schema) -> str:
    columns = ", ".join(f"`{field.name}` Nullable({TYPES[field.type]})" for field in schema)
    return "'" + columns.replace("'", "\\'") + "'"
