"""Writing a question's SQL is dear: a question that has been asked before is not written anew, whatever lake it is
put to; and what it is answered is that lake's."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import questions
from groundswell.insights.engines import duckdb
from groundswell.insights.engines.duckdb import DuckDB
from groundswell.insights.reports.engine import opened
from groundswell.platform.settings import Settings

SCHEMA = pa.schema([("kind", pa.string()), ("minor", pa.int64())])


@pytest.fixture(autouse=True)
def _nothing_written_yet() -> Iterator[None]:
    duckdb._written.cache_clear()
    yield
    duckdb._written.cache_clear()


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
    assert (duckdb._written.cache_info().misses, duckdb._written.cache_info().hits) == (1, 2)


def test_another_question_is_another(tmp_path: Path) -> None:
    pq.write_table(pa.table({"kind": ["renewal", "refund"], "minor": [5, 7]}, SCHEMA), tmp_path / "lake")
    assert [asked(tmp_path / "lake", kind) for kind in ("renewal", "refund", "trial")] == [5, 7, None]
    assert duckdb._written.cache_info().misses == 3


def directly(question: ir.Table) -> str:
    return str(ibis.to_sql(question, dialect="duckdb", pretty=False))


@pytest.mark.slow
def test_a_report_of_other_days_is_written_by_putting_them_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every report's question, of two periods and as of two instants: what is put together is what Ibis writes."""
    settings = Settings(data_dir=tmp_path, lake_url=str(tmp_path))
    asked = 0
    for first, as_of in (
        (date(2026, 6, 1), datetime(2026, 9, 8, tzinfo=UTC)),
        (date(2025, 12, 29), datetime(2026, 1, 12, 23, 59, 59, 999_999, tzinfo=UTC)),
    ):
        for name, value in (("FIRST", first), ("LAST", first + timedelta(days=7)), ("AS_OF", as_of)):
            monkeypatch.setattr(questions, name, value)
        with opened(settings, first, first, questions.named()) as lake:
            for name, question in questions.questions(lake):
                assert duckdb._sql(question.op()) == directly(question), name
                asked += 1
    assert duckdb._written.cache_info().misses == asked / 2


@given(st.datetimes(timezones=st.just(UTC)), st.dates(), st.timedeltas(timedelta(0), timedelta(days=40_000)))
def test_any_instant_and_day_are_written_as_ibis_writes_them(at: datetime, day: date, long: timedelta) -> None:
    """Also the years by which what is put in is found, and one instant that is another of the question's."""
    table = ibis.table({"at": "timestamp('UTC')", "seen": "timestamp('UTC')", "day": "date"}, name="events")
    until = at + long if at < datetime(9800, 1, 1, tzinfo=UTC) else at
    question = table.filter(table.at >= at, table.seen < until, table.day == day, table.day != until.date())
    assert duckdb._sql(question.op()) == directly(question)


def test_what_differs_in_more_than_days_is_another_question() -> None:
    """Also where Python takes it for the same: ``True`` is 1; and where one day stands twice."""
    table = ibis.table({"day": "date", "seen": "date", "kind": "string", "minor": "int64"}, name="events")
    one, other = date(2026, 1, 1), date(2026, 2, 1)
    asked = [
        table.filter(table.day > one),
        table.filter(table.seen > one),
        table.filter(table.day >= one),
        table.filter(table.day > one, table.seen > one),
        table.filter(table.day > one, table.seen > other),
        table.filter(table.seen > one, table.day > other),
        table.select(said=ibis.literal(1)),
        table.select(said=ibis.literal(True)),
        table.select(said=ibis.literal(1.0)),
        table.select(other=ibis.literal(1)),
        table.select("day", "seen"),
        table.select("seen", "day"),
        table.limit(1),
        table.limit(2),
        table.filter(table.kind.isin(["a", "b"])),
        table.filter(table.kind.isin(["b", "a"])),
    ]
    assert [duckdb._sql(question.op()) for question in asked] == [directly(question) for question in asked]
    assert len({duckdb.QuestionShape(question.op()) for question in asked}) == len(asked)
    again = table.filter(table.day > other, table.seen > one)
    assert duckdb.QuestionShape(again.op()) == duckdb.QuestionShape(asked[4].op())
    assert duckdb._sql(again.op()) == directly(again)


def test_the_years_by_which_days_are_put_in_can_be_asked_about() -> None:
    table = ibis.table({"day": "date", "year": "int64"}, name="events")
    for question in (
        table.filter(table.day > date(3917, 1, 1), table.day < date(3918, 1, 1)),
        table.filter(table.day > date(3918, 1, 1), table.day < date(3917, 1, 1)),
        table.filter(table.day > date(2026, 1, 1), table.year < 3917),
        table.filter(table.day.between(date(3950, 1, 1), date(3999, 1, 1))),
    ):
        assert duckdb._sql(question.op()) == directly(question)
