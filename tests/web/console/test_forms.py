"""What people type into the console's forms."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.web.console.forms import (
    Unreadable,
    parse_amount,
    parse_clock,
    parse_days,
    parse_instant,
    parse_percent,
    parse_ppm,
    parse_rate,
    parse_seconds,
    parse_words,
    shown_clock,
)
from groundswell.web.console.loop.trending import parse_threshold


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


@pytest.mark.parametrize("text", ["9" * 5000, "1e999999", "-1e9999999999", "1e-999999999", "9" * 40 + "." + "9" * 40])
def test_no_number_is_so_long_or_so_large_that_it_cannot_be_refused(text: str) -> None:
    for parse in (parse_clock, parse_days, parse_percent, parse_ppm, parse_rate, parse_seconds, parse_threshold):
        with pytest.raises(Unreadable):
            parse(text)
    with pytest.raises(Unreadable):
        parse_amount(text, "EUR")


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


@given(st.integers(0, 10**12))
def test_every_place_in_a_title_is_shown_as_it_is_read(us: int) -> None:
    assert parse_clock(shown_clock(us)) == us


@pytest.mark.parametrize("text", ["", "1:2:3:4", "-1", "1:60", "1:99:00", "nan", "inf", "1:-2", "soon", "1e30", "a:10"])
def test_impossible_places_are_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_clock(text)


def test_places_are_read_as_people_write_them() -> None:
    assert [parse_clock(text) for text in ("75", "1:15", "0:01:15.0", " 1:15 ")] == [75_000_000] * 4


def test_instants_are_utc_and_nothing_is_no_rule() -> None:
    assert parse_instant(" ") is None
    assert str(parse_instant("2026-12-24T20:00")) == "2026-12-24 20:00:00+00:00"
    assert str(parse_instant("2026-12-24T20:00+01:00")) == "2026-12-24 19:00:00+00:00"
    for text in ("soon", "0001-01-01T00:00", "9999-12-31T23:59", "2026-02-30T00:00"):
        with pytest.raises(Unreadable):
            parse_instant(text)


def test_days_are_whole_and_words_are_parted_by_commas() -> None:
    assert (parse_days("14"), parse_days("")) == (14, None)
    for text in ("1.5", "-1", "40000", "x"):
        with pytest.raises(Unreadable):
            parse_days(text)
    assert (parse_words("16, 18,,16 "), parse_words(" , ")) == (["16", "18"], None)
