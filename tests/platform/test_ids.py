from hypothesis import given
from hypothesis import strategies as st

from groundswell.platform.ids import BASE58, random_code, uuid7
from groundswell.platform.signatures import signed, verified

codes = st.text(BASE58, min_size=1, max_size=20)


def test_ids_are_version_7_unique_and_in_time_order() -> None:
    ids = [uuid7() for _ in range(1000)]
    assert {(i.version, i.variant) for i in ids} == {(7, "specified in RFC 4122")}
    assert len(set(ids)) == 1000
    milliseconds = [i.int >> 80 for i in ids]
    assert milliseconds == sorted(milliseconds)


def test_codes_are_unlike_each_other() -> None:
    assert len({random_code() for _ in range(1000)}) == 1000


@given(codes)
def test_a_signed_code_verifies(code: str) -> None:
    assert verified(b"secret", "share", signed(b"secret", "share", code)) == code


@given(codes, st.data())
def test_a_link_altered_by_one_character_is_refused(code: str, data: st.DataObject) -> None:
    token = signed(b"secret", "share", code)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from([c for c in BASE58 if c != token[place]]))
    assert verified(b"secret", "share", token[:place] + other + token[place + 1 :]) is None


@given(st.text(max_size=30))
def test_no_text_breaks_verification(token: str) -> None:
    verified(b"secret", "share", token)


def test_a_signature_is_for_one_purpose_and_one_secret() -> None:
    token = signed(b"secret", "share", "abc")
    assert verified(b"secret", "touch", token) is None
    assert verified(b"other", "share", token) is None
