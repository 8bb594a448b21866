"""Instants and days, as they come from people, browsers and programs."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from groundswell.platform.clock import EARLIEST, LATEST, Instant, format_us, in_utc, parse_day, parse_instant

NOON = datetime(2026, 12, 24, 12, tzinfo=UTC)
API = TypeAdapter[datetime](Instant)


@pytest.mark.parametrize("text", ["2026-12-24T12:00", " 2026-12-24 12:00 ", "2026-12-24T13:00+01:00", "2026-12-24T12Z"])
def test_an_instant_as_typed_is_in_utc_where_it_names_no_zone(text: str) -> None:
    assert parse_instant(text) == NOON
    assert parse_instant(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text", ["", "soon", "0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00", "1969-12-31T23:59", "9000-01-01"]
)
def test_what_is_no_instant_of_ours_is_a_value_error_and_nothing_worse(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_instant(text)
    with pytest.raises(ValidationError):
        API.validate_python(text)


def test_the_api_wants_a_zone() -> None:
    assert API.validate_python("2026-12-24T13:00:00+01:00") == NOON
    with pytest.raises(ValidationError):
        API.validate_python("2026-12-24T12:00:00")


@given(st.datetimes(), st.integers(-14, 14))
def test_any_instant_in_range_keeps_its_place(at: datetime, hours: int) -> None:
    there = at.replace(tzinfo=timezone(timedelta(hours=hours)))
    if EARLIEST <= there < LATEST:
        assert in_utc(there) == there
    else:
        with pytest.raises(ValueError, match="between the years"):
            in_utc(there)


@given(st.text(max_size=20))
def test_a_day_is_read_or_none(text: str) -> None:
    day = parse_day(text)
    assert day is None or date(2000, 1, 1) <= day <= date(2200, 12, 31)


def test_days() -> None:
    assert parse_day("2026-12-24") == date(2026, 12, 24)
    assert [parse_day(text) for text in (None, "", "1999-12-31", "2201-01-01", "24.12.2026")] == [None] * 5


@pytest.mark.parametrize(("us", "text"), [(0, "0:00"), (75_999_999, "1:15"), (3_723_000_000, "1:02:03")])
def test_media_time_briefly(us: int, text: str) -> None:
    assert format_us(us) == text
