"""Tables as CSV files (RFC 4180): the only writer of them.

Numbers stay numbers. Text that a spreadsheet would run as a formula is made harmless by an apostrophe before it (OWASP,
"CSV Injection"); text that is only a number is left alone.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence

from fastapi import Response

from .attachment import attachment

FORMULA_BEGINS = frozenset("=+-@\t\r\n＝＋－＠")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


def csv_file(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """A table to download as ``name``.csv."""
    return Response(csv_text(header, rows), headers=attachment(f"{name}.csv"), media_type="text/csv; charset=utf-8")


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The table's lines; None is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([harmless(name) for name in header])
    writer.writerows([harmless(value) for value in row] for row in rows)
    return text.getvalue()


def harmless(value: object) -> object:
    """``value`` as a cell that no spreadsheet runs."""
    if not isinstance(value, str) or _NUMBER.fullmatch(value):
        return value
    return f"'{value}" if value.lstrip(" ")[:1] in FORMULA_BEGINS and value else value


def by_currency(name: str, amounts: Sequence[Mapping[str, int]]) -> tuple[list[str], list[list[int]]]:
    """Amounts of money as columns of numbers, one a currency: their names, and each row's cells.

    Args:
        amounts: of each row, minor units by currency.
    """
    currencies = sorted({currency for row in amounts for currency in row})
    columns = [f"{name}_{currency}" for currency in currencies]
    return columns, [[row.get(currency, 0) for currency in currencies] for row in amounts]
