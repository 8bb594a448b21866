"""The rates that partners are expected to have: shrunk, bounded, and right as often as they say."""

from math import exp, factorial, isclose

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from groundswell.campaigns.coverage import greedy_coverage
from groundswell.campaigns.partner_rates import (
    INTERVAL,
    RatePrior,
    RateSums,
    expected_rate,
    gamma_below,
    gamma_quantile,
    rate_prior,
)

Seen = list[tuple[int, float]]
SEEN = st.lists(st.tuples(st.integers(1, 10_000), st.floats(0, 500)), max_size=40)


def prior_of(seen: Seen) -> RatePrior:
    return rate_prior(
        RateSums(len(seen), sum(n for n, _ in seen), sum(y for _, y in seen), sum(y * y / n for n, y in seen))
    )


@settings(max_examples=100)
@given(st.integers(1, 40), st.floats(0.01, 120))
def test_the_gamma_function_agrees_with_the_poisson_sum(shape: int, value: float) -> None:
    """For whole shapes, P(a, x) is the chance of ``a`` or more events where ``x`` are expected."""
    fewer = sum(exp(-value) * value**k / factorial(k) for k in range(shape))
    assert isclose(gamma_below(shape, value), 1 - fewer, abs_tol=1e-9)


@settings(max_examples=100)
@given(st.floats(0.05, 500), st.floats(0.01, 0.99))
def test_a_quantile_has_as_much_below_it(shape: float, probability: float) -> None:
    assert isclose(gamma_below(shape, gamma_quantile(shape, probability)), probability, abs_tol=1e-6)


@settings(max_examples=100)
@given(SEEN, st.integers(1, 10_000), st.floats(0, 500))
@example([], 1, 0.0)
@example([(1, 0.0)], 1, 0.0)
@example([(100, 1.0)] * 5, 3, 3.0)
def test_a_rate_lies_in_its_interval_and_between_its_own_and_that_of_all(seen: Seen, n: int, y: float) -> None:
    prior = prior_of([*seen, (n, y)])
    rate = expected_rate(prior, n, y)
    assert 0 <= rate.low <= rate.high
    assert rate.low <= rate.mean * (1 + 1e-9)
    of_all, own = prior.alpha / prior.beta, y / n
    assert min(of_all, own) * (1 - 1e-9) <= rate.mean <= max(of_all, own) * (1 + 1e-9)


@given(st.integers(60, 200), st.integers(1, 10), st.integers(1, 3))
@settings(max_examples=30)
def test_lucky_clicks_do_not_top_who_is_proven(shares: int, more: int, lucky: int) -> None:
    """One who brought three by three shares stands below one who does so in every fifth of many, among forty who bring
    what most bring."""
    usual = [(30 + 5 * index, float(index % 3)) for index in range(40)]
    proven = (shares * more, shares * more / 5)
    prior = prior_of([*usual, proven, (lucky, float(lucky))])
    assert expected_rate(prior, *proven).low > expected_rate(prior, lucky, lucky).low


@pytest.mark.slow
def test_intervals_hold_as_often_as_they_say() -> None:
    """Partners drawn as the model says: their rates lie within their intervals as often as these promise."""
    draw = np.random.default_rng(7)
    shares = draw.integers(5, 400, 2_000)
    rates = draw.gamma(1.5, 1 / 60, 2_000)
    brought = draw.poisson(shares * rates)
    prior = prior_of([(int(n), float(y)) for n, y in zip(shares, brought, strict=True)])
    assert 0.7 < prior.alpha / 1.5 < 1.4
    assert 0.7 < prior.beta / 60 < 1.4
    found = [expected_rate(prior, int(n), float(y)) for n, y in zip(shares, brought, strict=True)]
    within = np.mean([each.low <= rate <= each.high for each, rate in zip(found, rates, strict=True)])
    assert abs(within - INTERVAL) < 0.03


@settings(max_examples=100)
@given(st.dictionaries(st.integers(0, 8), st.frozensets(st.integers(0, 30)), max_size=8))
def test_coverage_counts_everybody_once_and_never_more_than_before(reached: dict[int, frozenset[int]]) -> None:
    added = greedy_coverage(reached)
    assert sorted(each.place for each in added.values()) == list(range(1, len(reached) + 1))
    in_order = [added[key].people for key in sorted(added, key=lambda key: added[key].place)]
    assert in_order == sorted(in_order, reverse=True)
    assert sum(in_order) == len(frozenset().union(*reached.values()))
    covered: set[int] = set()
    for key in sorted(added, key=lambda key: added[key].place):
        left = [other for other in reached if added[other].place >= added[key].place]
        assert added[key].people == max(len(reached[other] - covered) for other in left)
        covered |= reached[key]
