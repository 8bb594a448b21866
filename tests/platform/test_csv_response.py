"""CSV files hold what they were given, numbers as numbers, and run nothing."""

import ast
import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import groundswell
from groundswell.platform.csv_response import FORMULA_BEGINS, by_currency, csv_file, csv_text, harmless

CELLS = st.one_of(st.none(), st.integers(), st.text(max_size=20).filter(lambda text: "\0" not in text))


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(
    "text",
    ["=1+1", '=HYPERLINK("http://x")', "+1+cmd|'/C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1"],
)
def test_text_that_would_run_is_made_harmless(text: str) -> None:
    assert read(csv_text(["a"], [[text]]))[1] == [f"'{text}"]


@pytest.mark.parametrize("value", [-5, 5, -0.25, "-5", "+49", "-0.25", "12 EUR", "a=b", "", None, "Noor"])
def test_numbers_and_plain_text_stay_as_they_are(value: object) -> None:
    assert read(csv_text(["a"], [[value]]))[1:] == ([[str(value)]] if value not in ("", None) else [[""]])


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=10))
def test_what_is_written_can_be_read(rows: list[list[object]]) -> None:
    found = read(csv_text(["a", "b"], rows))[1:]
    assert found == [["" if value is None else str(harmless(value)) for value in row] for row in rows]
    assert not [cell for row in found for cell in row if cell[:1] in FORMULA_BEGINS and not _number(cell)]


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def test_money_is_a_column_of_numbers_for_each_currency() -> None:
    columns, cells = by_currency("net_minor", [{"EUR": 5}, {}, {"CHF": -2, "EUR": 1}])
    assert columns == ["net_minor_CHF", "net_minor_EUR"]
    assert cells == [[0, 5], [0, 0], [-2, 1]]


def test_a_file_names_itself_and_its_encoding() -> None:
    answer = csv_file("dues", ["a"], [["é"]])
    assert answer.headers["content-disposition"] == 'attachment; filename="dues.csv"'
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"


def test_nobody_else_writes_csv() -> None:
    sources = Path(groundswell.__file__).parent
    writing = set()
    for path in sources.rglob("*.py"):
        text = path.read_text()
        for node in ast.walk(ast.parse(text)) if "csv" in text else ():
            if isinstance(node, ast.Attribute) and ast.unparse(node) in {"csv.writer", "csv.DictWriter"}:
                writing.add(str(path.relative_to(sources)))
    assert writing == {"platform/csv_response.py"}
