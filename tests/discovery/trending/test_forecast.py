"""Forecasts: their integrals are those of the density, and what is seen of a wave decides what is said of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.discovery.trending.forecast import (
    CUTOFF_S,
    END_S,
    EXACT,
    LEVEL,
    POWER,
    at_age,
    forecast,
    horizons,
    observe,
    reacted,
    reacted_sum,
)
from groundswell.discovery.trending.forecasts import wave_of

TIMES = st.lists(st.floats(0, 40_000), min_size=1, max_size=60).map(lambda each: [0.0, *sorted(each)])


def test_the_density_integrates_to_one_and_its_integral_to_its_own() -> None:
    ages = np.linspace(0, 5_000, 500_001)
    density = np.where(ages <= CUTOFF_S, LEVEL, LEVEL * (np.maximum(ages, 1) / CUTOFF_S) ** -(1 + POWER))
    step = ages[1] - ages[0]
    cumulated = np.concatenate(([0], np.cumsum((density[1:] + density[:-1]) / 2))) * step
    assert np.abs(cumulated - reacted(ages)).max() < 1e-6
    twice = np.concatenate(([0], np.cumsum((cumulated[1:] + cumulated[:-1]) / 2))) * step
    assert np.abs(twice - reacted_sum(ages)).max() < 1e-2
    assert float(reacted(np.array([1e60]))[0]) == pytest.approx(1)


@given(TIMES, st.floats(600, 86_400))
def test_an_estimate_is_never_below_what_was_seen(times: list[float], age_s: float) -> None:
    found = forecast(times, age_s)
    assert found.seen == sum(n > 0 for n, at in enumerate(times) if at < age_s)
    if found.state == "forecast":
        assert found.low is not None
        assert found.expected is not None
        assert found.high is not None
        assert found.seen <= found.low <= found.high
        assert found.expected >= found.seen


@given(TIMES, st.floats(600, 86_400), st.floats(0.5, 1_000))
def test_without_reach_all_reach_alike(times: list[float], age_s: float, reach: float) -> None:
    """What everybody reaches, the infectiousness takes back."""
    alike, unknown = observe(times, [reach] * len(times), age_s), observe(times, None, age_s)
    assert alike.direct == pytest.approx(unknown.direct, rel=1e-6)
    assert alike.infectiousness * reach == pytest.approx(unknown.infectiousness, rel=1e-6)


def test_many_votes_put_together_by_age_say_the_same() -> None:
    draw = np.random.default_rng(1)
    times = np.sort(np.append(draw.exponential(9_000, 8 * EXACT), 0.0))
    whole = times[times < 20_000]
    quick = observe(times, None, 20_000)
    ages = 20_000 - whole
    window = 7_200.0
    exact = (reacted(ages) - (reacted_sum(ages) - reacted_sum(ages - window)) / window).sum()
    came = (1 - (20_000 - whole[1:][whole[1:] >= 20_000 - window]) / window).sum()
    assert quick.infectiousness == pytest.approx(came / exact, rel=0.01)


def test_states() -> None:
    assert forecast([0.0, 1, 2], 599).state == "too_early"
    assert forecast([0.0], 7_200).state == "too_early"
    burst = [0.0, *np.linspace(580, 600, 400)]
    assert forecast(burst, 601).state == "growing", "each vote brings more than one"
    over = forecast([0.0, 5, 9], END_S)
    assert (over.state, over.seen, over.expected, over.high) == ("over", 2, 2.0, 2.0)
    calm = forecast([0.0, *np.linspace(10, 3_000, 40)], 21_600)
    assert calm.state == "forecast"
    assert calm.error is not None
    assert 0 < calm.error < 0.3


def test_constants_between_two_ages_lie_between_theirs() -> None:
    known = horizons(False)
    middle = at_age(known, 14_400)
    assert min(known[3].error, known[4].error) <= middle.error <= max(known[3].error, known[4].error)
    assert at_age(known, 10.0).age_s == known[0].age_s
    assert at_age(known, 1e9).alpha == known[-1].alpha


def test_a_wave_begins_after_a_day_of_quiet() -> None:
    day = 86_400.0
    assert wave_of([100 * day, 99.5 * day, 98 * day, 97.9 * day]) == [99.5 * day, 100 * day]
    assert wave_of([]) == []
