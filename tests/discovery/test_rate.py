"""The rate of votes: what steady votes settle at, quick where there are many, slow where there are few, in order."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.discovery import heat
from groundswell.discovery.rate import HALF_LIVES_S, rate, rates, usual

NOW = 1_790_000_000.0
HOUR_S = 3_600
DAY_S = 86_400
LOGS = st.tuples(*[st.floats(-30, 30)] * 3)


def counters(times: list[float]) -> list[float]:
    return [heat.total([(1.0, at) for at in times], half_life) for half_life in HALF_LIVES_S]


def at_level(levels: tuple[float, ...]) -> list[float]:
    """Logarithms of counters that are at 2 ** level now."""
    return [level + NOW / half_life for level, half_life in zip(levels, HALF_LIVES_S, strict=True)]


@pytest.mark.parametrize("an_hour", [0.1, 1, 20])
def test_steady_votes_have_their_rate(an_hour: float) -> None:
    times = [NOW - HOUR_S * (n + 0.5) / an_hour for n in range(int(40 * 24 * an_hour))]
    assert rate(counters(times), 40 * DAY_S, NOW) == pytest.approx(an_hour, rel=0.2)


def test_a_burst_shows_at_once_and_is_over_soon() -> None:
    burst = [NOW - 20 * n for n in range(90)]
    steady = [NOW - 360.0 * n for n in range(24 * 100)]
    assert rate(counters(burst), 30 * DAY_S, NOW) > 2 * rate(counters(steady), 30 * DAY_S, NOW)
    later = NOW + DAY_S
    assert rate(counters(burst), 31 * DAY_S, later) < rate(counters(steady), 31 * DAY_S, later)


def test_a_first_vote_makes_no_rate_of_its_own() -> None:
    loved = [NOW - 600.0 * n for n in range(24 * 100)]
    assert rate(counters([NOW]), 0, NOW) < rate(counters(loved), 30 * DAY_S, NOW)


@given(LOGS, st.integers(0, 2), st.floats(0, 10), st.floats(0, 400), st.floats(0, 400))
def test_it_rises_with_each_counter_and_falls_with_age(
    levels: tuple[float, ...], which: int, more: float, age_h: float, older_h: float
) -> None:
    """What finding the exact top rests on."""
    raised = tuple(level + (more if at == which else 0) for at, level in enumerate(levels))
    base = rate(at_level(levels), age_h * HOUR_S, NOW)
    assert rate(at_level(raised), age_h * HOUR_S, NOW) >= base * (1 - 1e-9)
    assert rate(at_level(levels), (age_h + older_h) * HOUR_S, NOW) <= base * (1 + 1e-9)


@given(st.lists(st.tuples(LOGS, st.floats(-10, 1000)), min_size=1, max_size=20))
def test_many_are_as_one_by_one(things: list[tuple[tuple[float, ...], float]]) -> None:
    logs, ages = [at_level(levels) for levels, _ in things], [age * HOUR_S for _, age in things]
    one_by_one = [rate(log, age, NOW) for log, age in zip(logs, ages, strict=True)]
    assert rates(logs, ages, NOW).tolist() == pytest.approx(one_by_one, rel=1e-12)


def test_nothing_and_far_ahead_are_finite() -> None:
    assert 0 < rate([-math.inf] * 3, DAY_S, NOW) < 1e-6
    assert np.isfinite(rate([1e9] * 3, 0, NOW))
    assert usual(-math.inf, DAY_S, NOW) > 0
