"""What people write comes out as they meant it, and cannot mislead or break."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.moments.clips.captions import LONGEST, CaptionTooLong, cleaned


def test_html_stays_text() -> None:
    assert cleaned("<script>alert(1)</script> & <b>") == "<script>alert(1)</script> & <b>"


def test_composed_and_decomposed_are_one() -> None:
    assert cleaned("Cafe\u0301") == cleaned("Caf\u00e9") == "Caf\u00e9"


@pytest.mark.parametrize("emoji", ["👩‍👩‍👧‍👦", "🏳️‍🌈", "क्‍ष", "می‌خواهم"])
def test_joiners_stay(emoji: str) -> None:
    assert cleaned(emoji) == emoji


def test_control_characters_go_and_line_ends_stay() -> None:
    assert cleaned(" a\x00b\x07\x1b[31m\r\nc\u2028d\x85e\ud800 \n\n\n\nf ") == "ab[31m\nc\nde \n\nf"


def test_text_cannot_turn_what_comes_after_it() -> None:
    assert cleaned("abc\u202egpj.exe") == "abcgpj.exe"


def test_the_limit_is_counted_after_cleaning() -> None:
    assert len(cleaned("e\u0301" * LONGEST + "\x00" * 50)) == LONGEST
    with pytest.raises(CaptionTooLong) as refused:
        cleaned("x" * (LONGEST + 1))
    assert refused.value.members == {"limit": LONGEST}


@given(st.text(alphabet=st.characters(), max_size=LONGEST))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    try:
        once = cleaned(text)
    except CaptionTooLong:
        return
    assert cleaned(once) == once
    assert unicodedata.is_normalized("NFC", once)
    once.encode()
