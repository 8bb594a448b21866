"""Exchange rates from a CSV file: in the shape of the European Central Bank's reference rates, or in that of our own
export. A rate that is there already stays as it is.

The Bank publishes what one euro is worth in each currency. What each is worth in euro is reckoned here once, to ten
digits after the point, and kept: nothing is reckoned from a rate again later.
"""

import asyncio
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation, localcontext

from babel.numbers import get_currency_precision
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.currencies import in_use
from groundswell.platform.database import among
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import Invalid

from .tables import ExchangeRate

DIGITS = Decimal("1e-10")
LARGEST = Decimal(10**9)
MOST = 100_000
BATCH = 1000
OWN_HEADER = ("currency", "into", "valid_from", "rate")
NONE = frozenset({"", "N/A"})


class RatesUnreadable(Invalid):
    code, title = "rates_unreadable", "This is no CSV file of exchange rates."


@dataclass(frozen=True)
class DatedRate:
    """What one unit of ``currency`` was worth in ``into`` from a day on."""

    currency: str
    into: str
    valid_from: date
    rate: Decimal


@dataclass(frozen=True)
class Imported:
    """How many rates were new; how many were there; how many of those are another rate, which was kept."""

    entered: int
    known: int
    other: int


def read_rates(content: bytes) -> list[DatedRate]:
    """The rates in a file, each once. Pure.

    Raises:
        RatesUnreadable: a line that is none is named.
    """
    try:
        rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), skipinitialspace=True, strict=True)
        header = [name.strip() for name in next(rows, [])]
        if not header or header[0].lower() not in {"date", "currency"}:
            raise RatesUnreadable(
                "The first line begins with Date (as the ECB's), or is currency,into,valid_from,rate."
            )
        read = _published(header, rows) if header[0].lower() == "date" else _own(header, rows)
        found: dict[tuple[str, str, date], DatedRate] = {}
        for each in read:
            found.setdefault((each.currency, each.into, each.valid_from), each)
            if len(found) > MOST:
                raise RatesUnreadable(f"A file has at most {MOST} rates; take a shorter time.")
    except (UnicodeDecodeError, csv.Error) as wrong:
        raise RatesUnreadable(f"This cannot be read as CSV: {wrong}") from None
    return list(found.values())


def _published(header: Sequence[str], rows: Iterator[list[str]]) -> Iterator[DatedRate]:
    """``Date,USD,JPY,…``: what one euro is worth, and the other way round."""
    for number, row in enumerate(rows, 2):
        if not any(cell.strip() for cell in row):
            continue
        day = _day(row[0], number)
        for currency, cell in zip(header[1:], row[1:], strict=False):
            if cell.strip() in NONE or currency not in in_use():
                continue  # the Bank's file names currencies that are no more
            rate = _rate(cell, number)
            yield DatedRate("EUR", currency, day, rate)
            yield from _turned(currency, day, rate)


def _turned(currency: str, day: date, rate: Decimal) -> Iterator[DatedRate]:
    with localcontext() as exact:
        exact.prec = 40
        back = (1 / rate).quantize(DIGITS, ROUND_HALF_EVEN)
    if 0 < back < LARGEST:
        yield DatedRate(currency, "EUR", day, back)


def _own(header: Sequence[str], rows: Iterator[list[str]]) -> Iterator[DatedRate]:
    """``currency,into,valid_from,rate``, and whatever follows."""
    if tuple(name.lower() for name in header[:4]) != OWN_HEADER:
        raise RatesUnreadable()
    for number, row in enumerate(rows, 2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) < len(OWN_HEADER):
            raise RatesUnreadable(f"Line {number} has too few columns.")
        currency, into = row[0].strip(), row[1].strip()
        if currency == into or not {currency, into} <= in_use():
            raise RatesUnreadable(f"Line {number} names no two currencies.")
        yield DatedRate(currency, into, _day(row[2], number), _rate(row[3], number))


def _day(text: str, number: int) -> date:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise RatesUnreadable(f"Line {number} has no day such as 2026-11-27.") from None
    if not date(1970, 1, 1) <= day <= utc_now().date():
        raise RatesUnreadable(f"Line {number} is of a day that is to come, or long past.")
    return day


def _rate(text: str, number: int) -> Decimal:
    try:
        rate = Decimal(text.strip())
    except InvalidOperation:
        raise RatesUnreadable(f"Line {number} has no rate.") from None
    if not rate.is_finite() or not 0 < rate < LARGEST or rate != round(rate, 10):
        raise RatesUnreadable(f"Line {number}: a rate is above zero, with at most ten digits after the point.")
    return rate


async def import_rates(session: AsyncSession, content: bytes, entered_by: str) -> Imported:
    """Enter the rates of a file that are not there yet.

    Raises:
        RatesUnreadable: as it says; nothing was entered.
    """
    read, entered, other = await asyncio.to_thread(read_rates, content), 0, 0
    for begin in range(0, len(read), BATCH):
        batch = read[begin : begin + BATCH]
        rows = [
            {
                "id": uuid7(), "currency": each.currency, "into": each.into, "valid_from": each.valid_from,
                "rate": each.rate, "entered_by": entered_by,
                "exponent": get_currency_precision(each.into) - get_currency_precision(each.currency),
            }
            for each in batch
        ]  # fmt: skip
        made = insert(ExchangeRate).values(rows).on_conflict_do_nothing().returning(ExchangeRate.id)
        new = len((await session.scalars(made)).all())
        entered += new
        other += await _others(session, batch) if new < len(batch) else 0
    return Imported(entered, len(read) - entered, other)


async def _others(session: AsyncSession, batch: Sequence[DatedRate]) -> int:
    """How many of them are kept with another rate."""
    keys = [(each.currency, each.into, each.valid_from) for each in batch]
    columns = select(ExchangeRate.currency, ExchangeRate.into, ExchangeRate.valid_from, ExchangeRate.rate)
    named = [ExchangeRate.currency, ExchangeRate.into, ExchangeRate.valid_from]
    near = [among(column, {key[place] for key in keys}) for place, column in enumerate(named)]
    kept = await session.execute(columns.where(*near))
    rates = {tuple(row[:3]): row[3] for row in kept}
    return sum(rates[key] != each.rate for key, each in zip(keys, batch, strict=True))
