import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.media import MediaError, clock, parse_time


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("0", 0),
        ("12.5", 12_500_000),
        ("90", 90_000_000),
        ("1:02.5", 62_500_000),
        ("01:02:03.004", 3_723_004_000),
        ("0.0000005", 1),
        (" 7 ", 7_000_000),
        ("2,5", 2_500_000),
    ],
)
def test_times_as_people_write_them(text: str, us: int) -> None:
    assert parse_time(text) == us


@pytest.mark.parametrize("text", ["nan", "inf", "-1", "1:2:3:4", "", ":", "1:60", "1:60:00", "1e3", "٣", "0x10", "1:"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(MediaError) as caught:
        parse_time(text)
    assert caught.value.code == "bad_time"


@given(st.integers(0, 10**10))
def test_a_clock_reads_back_to_the_millisecond(us: int) -> None:
    assert parse_time(clock(us)) == us // 1000 * 1000


@given(st.text(max_size=20))
def test_no_text_does_worse_than_be_refused(text: str) -> None:
    with contextlib.suppress(MediaError):
        assert parse_time(text) >= 0
