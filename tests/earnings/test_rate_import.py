"""Rates from a file: as the European Central Bank publishes them, or our own export; what is there stays."""

import contextlib
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.earnings.rate_import import Imported, RatesUnreadable, import_rates, read_rates
from groundswell.platform.database import Database

ECB = b"""Date, USD, JPY, CYP, BGN, ISK,
27 November 2026, 1.1, 160, N/A, N/A, N/A,
"""
HISTORY = b"\xef\xbb\xbfDate,USD,JPY,CYP,ISK,\n2026-11-27,1.1,160.5,N/A,N/A,\n2026-11-26,1.25,160,N/A,140,\n"


def test_what_the_bank_publishes_is_read_both_ways() -> None:
    found = {(each.currency, each.into, each.valid_from.day): each.rate for each in read_rates(HISTORY)}
    assert found[("EUR", "USD", 26)] == Decimal("1.25")
    assert found[("USD", "EUR", 26)] == Decimal("0.8")
    assert found[("USD", "EUR", 27)] == Decimal("0.9090909091")
    assert ("EUR", "CYP", 27) not in found
    assert len(found) == 10


@pytest.mark.parametrize(
    "content",
    [b"", b"a,b\n", b"\xff", ECB, b"Date,USD\n2099-01-01,1\n",
     b"Date,USD\n2026-01-01,-1\n", b"Date,USD\n2026-01-01,x\n",
     b"currency,into,valid_from,rate\nEUR,EUR,2026-01-01,1\n", b"currency,into,valid_from,rate\nEUR,USD\n",
     b"currency,into,valid_from,rate\nEUR,USD,2026-01-01,0.00000000001\n", b'Date,USD\n"2026-01-01,1\n'],
)  # fmt: skip
def test_what_is_no_file_of_rates(content: bytes) -> None:
    with pytest.raises(RatesUnreadable):
        read_rates(content)


@settings(max_examples=100)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    for start in (b"", b"Date,USD\n2026-01-01,", b"currency,into,valid_from,rate\n"):
        with contextlib.suppress(RatesUnreadable):
            assert all(0 < each.rate < 10**9 for each in read_rates(start + content))


async def test_a_file_is_imported_once_and_changes_nothing_that_is_there(database: Database) -> None:
    own = b"currency,into,valid_from,rate,entered_by\nUSD,EUR,2026-11-26,0.9,fay\n"
    async with database.transaction() as session:
        assert await import_rates(session, own, "fay") == Imported(1, 0, 0)
        assert await import_rates(session, HISTORY, "fay") == Imported(9, 1, 1)
        assert await import_rates(session, HISTORY, "fay") == Imported(0, 10, 1)
    assert read_rates(own)[0].valid_from == date(2026, 11, 26)
