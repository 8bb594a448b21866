"""Heat decays by half each half-life, in whatever order votes come, without overflowing or being aged."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.discovery import heat

NOW = 1_790_000_000.0
VOTES = st.lists(st.tuples(st.floats(0.001, 1000), st.floats(NOW - 60 * 86_400, NOW)), max_size=30)


def by_definition(votes: list[tuple[float, float]], at: float, half_life: float) -> float:
    return math.fsum(weight * 2 ** (-(at - then) / half_life) for weight, then in votes)


@given(VOTES, st.sampled_from([heat.HALF_LIFE_S, 6 * 3600]))
def test_the_logarithm_agrees_with_the_definition(votes: list[tuple[float, float]], half_life: float) -> None:
    log = heat.total(votes, half_life)
    assert heat.level(log, NOW, half_life) == pytest.approx(by_definition(votes, NOW, half_life), rel=1e-6)


@given(VOTES, st.randoms())
def test_the_order_of_votes_does_not_matter(votes: list[tuple[float, float]], shuffler: random.Random) -> None:
    one_by_one = heat.NOTHING
    shuffled = votes[:]
    shuffler.shuffle(shuffled)
    for weight, at in shuffled:
        one_by_one = heat.add(one_by_one, heat.vote(weight, at))
    assert one_by_one == pytest.approx(heat.total(votes), rel=1e-12)


@given(VOTES.filter(bool), VOTES.filter(bool), st.floats(0, 10 * 86_400))
def test_what_is_hotter_stays_hotter(
    one: list[tuple[float, float]], other: list[tuple[float, float]], later: float
) -> None:
    a, b = heat.total(one), heat.total(other)
    if a > b:
        assert heat.level(a, NOW + later) >= heat.level(b, NOW + later)


def test_a_day_halves_it() -> None:
    log = heat.vote(4, NOW)
    assert heat.level(log, NOW) == pytest.approx(4)
    assert heat.level(log, NOW + 86_400) == pytest.approx(2)
    assert heat.level(heat.scaled(log, heat.DEMOTED), NOW) == pytest.approx(0.4)


def test_nothing_is_nothing() -> None:
    assert heat.add() == heat.total([]) == heat.vote(0, NOW) == heat.NOTHING
    assert heat.level(heat.NOTHING, NOW) == 0


def test_far_apart_times_neither_overflow_nor_vanish() -> None:
    assert heat.level(heat.add(heat.vote(1, 0), heat.vote(1, 1e12)), 1e12) == pytest.approx(1)
    assert math.isfinite(heat.level(heat.vote(1, 1e12), 0))
