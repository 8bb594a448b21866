"""The period in an address: presets, days, and what cannot be read."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.web.period import LONGEST_DAYS, chosen_period, presets

TODAY = date(2026, 11, 23)


def test_presets_end_today_and_count_it() -> None:
    periods = {period.name: period for period in presets(TODAY)}
    assert (periods["7d"].first, periods["7d"].last, periods["7d"].days) == (date(2026, 11, 17), TODAY, 7)
    assert (periods["month"].first, periods["month"].last) == (date(2026, 11, 1), TODAY)
    assert (periods["last-month"].first, periods["last-month"].last) == (date(2026, 10, 1), date(2026, 10, 31))


def test_a_period_covers_whole_days_in_utc() -> None:
    period = chosen_period(TODAY, None, "2026-11-01", "2026-11-02")
    assert period.begin == datetime(2026, 11, 1, tzinfo=UTC)
    assert period.end == datetime(2026, 11, 3, tzinfo=UTC)
    assert period.address("/x", title="a b", channel=None) == "/x?from=2026-11-01&to=2026-11-02&title=a+b"


def test_days_the_wrong_way_round_are_swapped_and_a_long_period_is_cut() -> None:
    assert chosen_period(TODAY, None, "2026-11-09", "2026-11-01").first == date(2026, 11, 1)
    long = chosen_period(TODAY, None, "2001-01-01", "2026-11-01")
    assert (long.last, long.days) == (date(2026, 11, 1), LONGEST_DAYS)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "9999-12-31", "0001-01-01", "2026-11-01T00:00"])
def test_what_cannot_be_read_falls_back(text: str) -> None:
    assert chosen_period(TODAY, "nonsense", text, "2026-11-01").name == "28d"


@given(st.text(max_size=12), st.text(max_size=12), st.text(max_size=12))
def test_any_address_gives_some_period(name: str, first: str, last: str) -> None:
    period = chosen_period(TODAY, name, first, last)
    assert 1 <= period.days <= LONGEST_DAYS
    assert period.begin < period.end
