"""The heatmap: each part of a title as hot as the moments over it."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.discovery.heatmap import bin_us, covered
from groundswell.discovery.scenes import Vote

S = 1_000_000


def vote(start_us: int, end_us: int, log: float = 0.0) -> Vote:
    return Vote(UUID(int=0), start_us, end_us, log, log)


def test_overlapping_moments_add_up() -> None:
    assert covered([vote(0, 20 * S), vote(10 * S, 30 * S)], 40 * S, 10 * S) == [0.5, 1.0, 0.5, 0.0]


def test_a_part_of_a_bin_counts_in_part() -> None:
    assert covered([vote(0, 10 * S), vote(15 * S, 20 * S)], 30 * S, 10 * S) == [1.0, 0.5, 0.0]


def test_hotter_moments_weigh_more() -> None:
    assert covered([vote(0, 10 * S, 1002.0), vote(10 * S, 20 * S, 1000.0)], 20 * S, 10 * S) == [1.0, 0.25]


def test_without_votes_it_is_flat() -> None:
    assert covered([], 25 * S, 10 * S) == [0.0, 0.0, 0.0]


SPANS = st.lists(st.tuples(st.integers(0, 99), st.integers(1, 30), st.floats(-20, 20)), min_size=1, max_size=20)


@given(SPANS)
def test_it_agrees_with_adding_bin_by_bin(spans: list[tuple[int, int, float]]) -> None:
    votes = [vote(start * S, min(start + length, 100) * S, log) for start, length, log in spans]
    width = 7 * S
    plain = [
        sum(2**v.log_heat * max(0, min(v.end_us, (n + 1) * width) - max(v.start_us, n * width)) / width for v in votes)
        for n in range(15)
    ]
    assert covered(votes, 100 * S, width) == pytest.approx([value / max(plain) for value in plain], abs=2e-4)


@pytest.mark.parametrize("seconds", [1, 59, 60, 61, 7200, 36_000])
def test_there_are_at_most_120_bins(seconds: int) -> None:
    assert -(-seconds * S // bin_us(seconds * S)) <= 120
