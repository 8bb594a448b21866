from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.platform.ids import uuid7
from groundswell.platform.pages import CursorInvalid, decode_cursor, encode_cursor


def test_a_cursor_comes_back_as_the_id_it_was_made_from() -> None:
    row = uuid7()
    assert decode_cursor(encode_cursor(row)) == row
    assert decode_cursor(None) is None


@given(st.text(max_size=40))
def test_any_other_text_is_a_cursor_or_a_clear_refusal(text: str) -> None:
    with suppress(CursorInvalid):
        decode_cursor(text)


def test_a_foreign_cursor_is_refused() -> None:
    with pytest.raises(CursorInvalid):
        decode_cursor("next-page-please")
