"""DuckDB inside this process: the default, and enough for what one machine holds."""

import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

import duckdb
import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.dataset as ds
from ibis.common.graph import Graph, Node

from groundswell.media.scratch import scratch

from .contract import EngineDown, LakeDamaged

MEMORY = "3GB"
UNREADABLE = (duckdb.IOException, duckdb.InvalidInputException, duckdb.SerializationException, duckdb.CatalogException)
KEPT = 512
"""Questions whose SQL is kept; each takes some 100 KB. Every page of the console asks some 250, in each zone."""
INSTANTS = (dt.Date(), dt.Timestamp(timezone="UTC"))
STAND_IN = re.compile(r"\b39\d\d\b")
STAND_INS = 80
"""The years of stand-ins, and how many there are at most: what still has one was not written as we expect."""


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


class QuestionShape:
    """A question, equal to every other that differs from it in days and instants alone.

    It is told apart by what its nodes are and how they hang together. Making it anew with others in place of its days
    would tell the same, and take as long as a small answer does: Ibis then checks and derives every node again.
    """

    def __init__(self, root: ops.Node) -> None:
        self.root: ops.Node | None = root
        numbers = {node: number for number, node in enumerate(Graph.from_bfs(root))}
        self.instants = [node for node in numbers if isinstance(node, ops.Literal) and _is_instant(node)]
        instants = set(self.instants)
        self._shape = tuple(
            (ops.Literal, node.dtype)
            if node in instants
            else (type(node), *[_shape(argument, numbers) for argument in node.__args__])
            for node in numbers
        )
        self._hash = hash(self._shape)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, QuestionShape) and self._shape == other._shape


def _shape(argument: Any, numbers: Mapping[Node, int]) -> tuple[Any, ...]:
    """What a node is given: another node by its number, all else with its type (``True`` is no 1)."""
    if isinstance(argument, Node):
        return (Node, numbers[argument])
    if isinstance(argument, tuple):
        return (tuple, *[_shape(each, numbers) for each in argument])
    if isinstance(argument, Mapping):
        return (Mapping, *[(name, _shape(each, numbers)) for name, each in argument.items()])
    return (type(argument), argument)


def _sql(root: ops.Node) -> str:
    """The SQL of a question. Writing it takes several times as long as a small answer does, and pages are opened
    again and again, of other days or as of another instant: it is written once for all that differ in those alone."""
    question = QuestionShape(root)
    if len(question.instants) > STAND_INS:
        return _directly(root)
    text = _written(question)
    for number, literal in enumerate(question.instants):
        text = text.replace(_literal(_stand_in(literal, number).value), _literal(literal.value))
    return text if STAND_IN.search(text) is None else _directly(root)


def _is_instant(literal: ops.Literal) -> bool:
    """Whether it is a day, or an instant in UTC."""
    return isinstance(literal.value, date) and literal.dtype in INSTANTS


@lru_cache(KEPT)
def _written(question: QuestionShape) -> str:
    """The SQL of a question, with stand-ins for its days and instants."""
    root, question.root = question.root, None  # what is kept is what tells it from others, without its nodes
    assert root is not None, "it was asked for before, and is not equal to itself"
    stand_ins = {literal: _stand_in(literal, number) for number, literal in enumerate(question.instants)}
    return _directly(root.replace(stand_ins) if stand_ins else root)


def _directly(root: ops.Node) -> str:
    return str(ibis.to_sql(root.to_expr(), dialect="duckdb", pretty=False))


def _stand_in(literal: ops.Literal, number: int) -> ops.Literal:
    """A literal of the same type that no question holds."""
    at = datetime(3917 + number, 1, 1, tzinfo=UTC)
    return literal.copy(value=at if isinstance(literal.value, datetime) else at.date())


def _literal(value: date) -> str:
    """A day, or an instant, as Ibis writes it for DuckDB."""
    if not isinstance(value, datetime):
        return f"MAKE_DATE({value.year}, {value.month}, {value.day})"
    seconds = value.second + value.microsecond / 1e6
    return f"MAKE_TIMESTAMPTZ({value.year}, {value.month}, {value.day}, {value.hour}, {value.minute}, {seconds}, 'UTC')"


def expression_rows(found: pa.Table, expression: ir.Table) -> pa.Table:
    """``found`` with the types that the expression says; engines differ in how wide their sums are, and in whether
    an instant says that it is UTC."""
    fields = expression.schema().to_pyarrow()
    utc = pa.timestamp("us", "UTC")
    return found.cast(pa.schema([(f.name, utc if pa.types.is_timestamp(f.type) else f.type) for f in fields]))


def first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0][:300]
