"""How many plays one address and one network bring before they are counted apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.events.ingest.limits import RULE, WINDOW_S, SlidingCounts, VisitLimits
from groundswell.events.traffic.verdicts import traffic

HOUR_S = 3600.0
instants = st.lists(st.floats(0, 5 * HOUR_S, allow_nan=False), min_size=1, max_size=60).map(sorted)


@given(instants)
def test_within_the_first_window_the_count_is_exact(times: list[float]) -> None:
    counts, begin = SlidingCounts(), times[0]
    for number, now in enumerate(times, 1):
        found = counts.add("a", now)
        if now - begin < WINDOW_S:
            assert found == number


@given(instants)
def test_the_estimate_counts_this_window_whole_and_of_the_one_before_at_most_all(times: list[float]) -> None:
    counts, begin = SlidingCounts(), times[0]
    seen: list[float] = []
    for now in times:
        seen.append(now)
        at = (now - begin) // WINDOW_S
        this = sum((each - begin) // WINDOW_S == at for each in seen)
        before = sum((each - begin) // WINDOW_S == at - 1 for each in seen)
        assert this <= counts.add("a", now) + 1e-6 <= this + before + 1e-3


def test_what_was_before_fades_over_the_window() -> None:
    counts = SlidingCounts(window_s=100)
    for _ in range(10):
        counts.add("a", 0)
    assert counts.add("a", 100) == pytest.approx(11), "all of the window before is still reached"
    assert counts.add("a", 125) == pytest.approx(2 + 7.5)
    assert counts.add("a", 199) == pytest.approx(3 + 0.1)
    assert counts.add("a", 200) == pytest.approx(1 + 3), "a new window: of the one before there were three"
    assert counts.add("a", 450) == pytest.approx(1), "after a window of nothing, nothing is left"


def test_keys_are_counted_apart_and_those_not_seen_for_longest_are_forgotten() -> None:
    counts = SlidingCounts(kept=2)
    assert [counts.add(key, 1) for key in "aabac"] == [1, 2, 1, 3, 1]
    assert counts.add("a", 2) == 4, "seen more lately than b"
    assert counts.add("b", 2) == 1, "forgotten"


def test_a_play_beyond_the_limit_of_its_address_is_a_robots() -> None:
    limits = VisitLimits(per_address=3, per_network=100)
    assert [limits.judge("203.0.113.9", 5) for _ in range(3)] == [None] * 3
    verdict = limits.judge("203.0.113.9", 6)
    assert verdict is not None
    assert (verdict.kind, verdict.reason, verdict.rule) == ("robot", "address_limit:over 3 an hour", RULE)
    assert traffic(verdict.kind, verdict.reason) == "sivt"
    assert limits.judge("203.0.113.10", 6) is None, "another address of the network"
    assert limits.judge("203.0.113.9", 6 + 2 * HOUR_S) is None, "hours later it may play again"


def test_a_play_beyond_the_limit_of_its_network_is_a_robots() -> None:
    limits = VisitLimits(per_address=3, per_network=5)
    assert [limits.judge(f"203.0.113.{n}", 5) for n in range(5)] == [None] * 5
    verdict = limits.judge("203.0.113.77", 5)
    assert verdict is not None
    assert (verdict.kind, verdict.reason) == ("robot", "network_limit:over 5 an hour")
    assert limits.judge("198.51.100.1", 5) is None


def test_a_household_has_many_addresses_of_the_newer_kind() -> None:
    limits = VisitLimits(per_address=1, per_network=100)
    assert limits.judge("2001:db8:0:1::1", 5) is None
    assert limits.judge("2001:db8:0:1::2", 5) is not None, "one /64 is one household"
    assert limits.judge("2001:db8:0:2::1", 5) is None


def test_the_clock_is_the_machines_when_none_is_given() -> None:
    limits = VisitLimits(per_address=1, per_network=100)
    assert limits.judge("203.0.113.9") is None
    assert limits.judge("203.0.113.9") is not None
