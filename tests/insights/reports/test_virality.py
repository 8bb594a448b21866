"""K is what it says, and its interval covers the truth as often as it claims."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.insights.reports.virality import MILLION, NewViewer, estimate, poisson_limits, score_limits

cohorts = st.lists(st.builds(NewViewer, st.integers(0, 20), st.integers(0, 5 * MILLION)), min_size=1, max_size=200)


def test_by_hand() -> None:
    # four newcomers made five shares, which brought two sign-ups: 5/4 shares each, 2/5 sign-ups a share
    cohort = [NewViewer(3, 2 * MILLION), NewViewer(2, 0), NewViewer(0, 0), NewViewer(0, 0)]
    k = estimate(cohort)
    assert (k.value, k.shares_per_new_viewer, k.sign_ups_per_share) == (0.5, 1.25, 0.4)
    assert (k.new_viewers, k.shares, k.sign_ups) == (4, 5, 2)


def test_nobody_new_has_no_k_and_no_shares_have_no_rate() -> None:
    assert estimate([]).value is None
    quiet = estimate([NewViewer(0, 0)] * 3)
    assert (quiet.value, quiet.low, quiet.sign_ups_per_share) == (0, 0, None)
    assert quiet.high == pytest.approx(-np.log(0.05) / 3)


def test_that_nobody_came_does_not_mean_that_nobody_would() -> None:
    k = estimate([NewViewer(1, 0)] * 17)
    assert (k.value, k.low, k.high) == (0, 0, pytest.approx(0.176, abs=0.001))
    alike = estimate([NewViewer(1, MILLION)] * 17)
    assert alike.low is not None
    assert alike.high is not None
    assert alike.low < 0.7 < 1 < 1.5 < alike.high


@pytest.mark.parametrize(("count", "low", "high"), [(1, 0.0253, 5.572), (5, 1.623, 11.668), (50, 37.11, 65.92)])
def test_the_limits_of_a_count_are_garwoods(count: float, low: float, high: float) -> None:
    assert poisson_limits(count) == (pytest.approx(low, abs=0.02), pytest.approx(high, rel=0.01))


def test_the_score_limits_are_wilsons_of_a_count() -> None:
    """Of a Poisson count of 9 of 30 viewers: 9 + 1.96² / 2 ± 1.96 √(9 + 1.96² / 4), a viewer."""
    low, high = score_limits({0: 21, MILLION: 9})
    assert (low * 30, high * 30) == (pytest.approx(4.735, abs=0.01), pytest.approx(17.106, abs=0.01))
    uneven_low, uneven_high = score_limits({0: 27, 3 * MILLION: 3})
    assert uneven_low < low < 0.3 < high < uneven_high, "three who bring three say less than nine who bring one"
    assert score_limits({0: 5}) == (0, 0)


@pytest.mark.slow
def test_it_ends_above_no_sooner_than_it_may() -> None:
    """Some bring many and most nobody, as in simulated worlds: the truth once lay above more often than it may."""
    random, truth, above, cohorts = np.random.default_rng(3), 0.4, 0, 600
    for _ in range(cohorts):
        shares = random.random(250) < 0.7
        brought = shares * random.poisson(random.lognormal(np.log(truth / 0.7) - 0.32, 0.8, 250))
        k = estimate([NewViewer(1, int(b) * MILLION) for b in brought])
        above += (k.high or 0.0) < truth
    assert above / cohorts <= 0.03


@pytest.mark.slow
@pytest.mark.parametrize("viewers", [5, 17, 60, 300])
@pytest.mark.parametrize("truth", [0.02, 0.1, 0.6])
@pytest.mark.parametrize("unlike", [False, True])
def test_the_interval_covers_small_and_rare_cohorts_too(viewers: int, truth: float, unlike: bool) -> None:
    """Also where some bring many and most nobody: of 200 cohorts, at least as many as the level says, less chance."""
    random, covered, cohorts = np.random.default_rng(19), 0, 200
    for _ in range(cohorts):
        rates = random.gamma(1.0, truth, viewers) if unlike else truth
        brought = random.poisson(rates, viewers)
        k = estimate([NewViewer(1, int(b) * MILLION) for b in brought])
        covered += (k.low or 0.0) <= truth <= (k.high or 0.0)
    assert covered / cohorts >= 0.91


@given(cohorts)
def test_k_is_the_product_and_lies_within_its_interval(cohort: list[NewViewer]) -> None:
    k = estimate(cohort)
    assert k.value is not None
    assert k.low is not None
    assert k.high is not None
    assert k.low <= k.high
    if k.shares_per_new_viewer and k.sign_ups_per_share is not None:
        assert k.value == pytest.approx(k.shares_per_new_viewer * k.sign_ups_per_share)
    assert estimate(cohort) == k
    assert estimate(cohort[::-1]) == k


def test_the_interval_covers_the_truth_as_often_as_it_claims() -> None:
    random, truth, covered, cohorts = np.random.default_rng(7), 0.6, 0, 300
    for _ in range(cohorts):
        # each newcomer shares now and then; a few shares bring somebody: known mean, skewed counts
        shares = random.poisson(2.0, 400)
        brought = random.binomial(shares, truth / 2.0)
        cohort = [NewViewer(int(s), int(b) * MILLION) for s, b in zip(shares, brought, strict=True)]
        k = estimate(cohort)
        assert k.low is not None
        assert k.high is not None
        covered += k.low <= truth <= k.high
    assert covered / cohorts >= 0.91
