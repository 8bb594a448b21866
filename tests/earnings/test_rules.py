"""Months and minima."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.earnings.rules import minimum_payout, period_bounds, period_of

MONTHS = st.tuples(st.integers(1970, 2999), st.integers(1, 12)).map(lambda month: "{:04}-{:02}".format(*month))


@settings(max_examples=100)
@given(MONTHS)
def test_a_month_ends_where_the_next_begins(period: str) -> None:
    begin, end = period_bounds(period)
    assert period_of(begin) == period_of(end - timedelta(microseconds=1)) == period
    assert period_of(end) > period
    assert period_bounds(period_of(end))[0] == end


def test_december_leads_into_january() -> None:
    assert period_bounds("2026-12") == (datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("period", ["2026-13", "2026-00", "2026", "2026-01-01", "", "soon-01"])
def test_what_is_not_a_month_is_refused(period: str) -> None:
    with pytest.raises(ValueError):
        period_bounds(period)


def test_the_minimum_follows_the_currency() -> None:
    assert [minimum_payout(code) for code in ("EUR", "JPY", "KWD")] == [1000, 10, 10_000]
