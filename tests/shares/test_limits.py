"""The window slides: as many a minute as allowed, never more, at whatever instants."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.platform.problems import TooManyRequests
from groundswell.shares.limits import VisitorWindow


def admitted(window: VisitorWindow, address: str, now: float) -> bool:
    try:
        window.admit(address, now)
    except TooManyRequests:
        return False
    return True


@given(st.integers(1, 5), st.lists(st.floats(0, 200), max_size=60))
def test_no_minute_has_more_than_the_limit(limit: int, instants: list[float]) -> None:
    window = VisitorWindow(limit)
    made = [now for now in sorted(instants) if admitted(window, "a", now)]
    for end in made:
        assert sum(end - 60 < now <= end for now in made) <= limit


def test_retry_after_is_when_the_next_is_free() -> None:
    window = VisitorWindow(2)
    window.admit("a", 100.0)
    window.admit("a", 130.5)
    with pytest.raises(TooManyRequests) as refused:
        window.admit("a", 140.0)
    assert refused.value.headers == {"Retry-After": "20"}
    window.admit("a", 160.0)
    window.admit("b", 140.0)


def test_memory_is_bounded() -> None:
    window = VisitorWindow(1, most=10)
    for n in range(1000):
        window.admit(str(n), 0.0)
    assert len(window._made) == 10
