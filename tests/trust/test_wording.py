"""How lengths and instants read."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.trust.wording import length, moment_of


@pytest.mark.parametrize(
    ("us", "words"),
    [
        (0, "0 s"),
        (99_999, "0 s"),
        (100_000, "0.1 s"),
        (1_000_000, "1 s"),
        (5_250_000, "5.2 s"),
        (10_900_000, "10.9 s"),
        (59_900_000, "59.9 s"),
        (59_999_999, "59.9 s"),
        (60_000_000, "1:00"),
        (75_000_000, "1:15"),
    ],
)
def test_lengths(us: int, words: str) -> None:
    assert length(us) == words


@settings(max_examples=100)
@given(st.integers(0, 59_999_999))
def test_below_a_minute_a_length_says_its_tenths(us: int) -> None:
    assert float(length(us).removesuffix(" s")) * 10 == pytest.approx(us // 100_000)


def test_instants_are_in_utc_and_midnight_is_left_unsaid() -> None:
    eve = datetime(2026, 12, 24, 20, tzinfo=UTC)
    assert moment_of(eve) == "24 December 2026, 20:00 UTC"
    assert moment_of(eve.astimezone(timezone(timedelta(hours=9)))) == "24 December 2026, 20:00 UTC"
    assert moment_of(eve.replace(hour=0)) == "24 December 2026"
    assert moment_of(eve.replace(hour=0, minute=5)) == "24 December 2026, 00:05 UTC"
