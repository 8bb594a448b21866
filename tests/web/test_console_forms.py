"""What people type into the console's forms."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.web.pages.console_forms import Unreadable, parse_amount, parse_percent, parse_seconds


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1250.50", "EUR", 125050),
        ("1,250.5", "EUR", 125050),
        (" 7 ", "EUR", 700),
        ("900", "JPY", 900),
        ("1.234", "BHD", 1234),
    ],
)
def test_amounts_become_minor_units(text: str, currency: str, minor: int) -> None:
    assert parse_amount(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("", "EUR"),
        ("0", "EUR"),
        ("-5", "EUR"),
        ("1.005", "EUR"),
        ("1.5", "JPY"),
        ("nan", "EUR"),
        ("inf", "EUR"),
        ("1e30", "EUR"),
    ],
)
def test_impossible_amounts_are_refused(text: str, currency: str) -> None:
    with pytest.raises(Unreadable):
        parse_amount(text, currency)


@given(st.integers(1, 10**15))
def test_every_amount_of_cents_is_read_exactly(minor: int) -> None:
    assert parse_amount(f"{Decimal(minor).scaleb(-2)}", "EUR") == minor


def test_lengths_are_microseconds_and_nothing_is_no_rule() -> None:
    assert parse_seconds("7.5") == 7_500_000
    assert parse_seconds("0.1") == 100_000
    assert parse_seconds(" ") is None
    for text in ("-1", "soon", "86401", "nan"):
        with pytest.raises(Unreadable):
            parse_seconds(text)


def test_per_cent_is_whole() -> None:
    assert (parse_percent("10"), parse_percent("100 %"), parse_percent("")) == (10, 100, None)
    for text in ("10.5", "101", "-1", "x"):
        with pytest.raises(Unreadable):
            parse_percent(text)
