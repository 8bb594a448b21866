"""Times that people type."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.web.viewer.time_input import TimeUnreadable, parse_time, written_time


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("01:12.500", 72_500_000),
        ("1:12,5", 72_500_000),
        ("72.5", 72_500_000),
        ("1:02:03.004", 3_723_004_000),
        (" 90 ", 90_000_000),
    ],
)
def test_a_time_typed_in_any_of_the_usual_ways_is_understood(text: str, us: int) -> None:
    assert parse_time(text) == us


@pytest.mark.parametrize("text", ["", "1:2:3:4", "NaN", "Infinity", "-1", "1:75", "1:60:00", "::", "1e3", "1.2.3", "٣"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(TimeUnreadable):
        parse_time(text)


@settings(deadline=None)
@given(st.integers(0, 5_999_999))
def test_what_a_field_shows_it_takes_again(milliseconds: int) -> None:
    assert parse_time(written_time(milliseconds * 1000)) == milliseconds * 1000


@settings(deadline=None)
@given(st.text(max_size=30))
def test_anything_else_is_a_refusal_and_nothing_worse(text: str) -> None:
    with suppress(TimeUnreadable):
        assert parse_time(text) >= 0
