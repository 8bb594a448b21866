"""Writing a question's SQL is dear: a question that has been asked before is not written anew, whatever lake it is
put to; and what it is answered is that lake's."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from groundswell.insights.engines import duckdb
from groundswell.insights.engines.duckdb import DuckDB

SCHEMA = pa.schema([("kind", pa.string()), ("minor", pa.int64())])


@pytest.fixture(autouse=True)
def _nothing_written_yet() -> Iterator[None]:
    duckdb._sql.cache_clear()
    yield
    duckdb._sql.cache_clear()


def revenue(table: ir.Table, kind: str) -> ir.Table:
    return table.filter(table.kind == kind).agg(total=table.minor.sum())


def asked(lake: Path, kind: str) -> int | None:
    with closing(DuckDB()) as engine:
        found: int | None = engine.run(revenue(engine.files("events", [str(lake)], SCHEMA), kind))["total"][0].as_py()
        return found


def test_a_question_is_written_once_for_every_lake(tmp_path: Path) -> None:
    for name, minor in (("one", [1, 2]), ("other", [30, 40])):
        pq.write_table(pa.table({"kind": ["renewal", "renewal"], "minor": minor}, SCHEMA), tmp_path / name)
    assert [asked(tmp_path / name, "renewal") for name in ("one", "other", "one")] == [3, 70, 3]
    assert (duckdb._sql.cache_info().misses, duckdb._sql.cache_info().hits) == (1, 2)


def test_another_question_is_another(tmp_path: Path) -> None:
    pq.write_table(pa.table({"kind": ["renewal", "refund"], "minor": [5, 7]}, SCHEMA), tmp_path / "lake")
    assert [asked(tmp_path / "lake", kind) for kind in ("renewal", "refund", "trial")] == [5, 7, None]
    assert duckdb._sql.cache_info().misses == 3
