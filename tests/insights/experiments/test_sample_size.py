"""How many units an experiment needs: the textbook's formula, and the least that the interval allows."""

from math import ceil, sqrt
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.insights.experiments.lift import ALPHA, TIGHTEST, boundary, lift, tightest_at
from groundswell.insights.experiments.sample_size import POWER, UNITS_MAX, plan

Z_ALPHA, Z_POWER = NormalDist().inv_cdf(0.975), NormalDist().inv_cdf(0.8)


def test_van_belle_by_hand() -> None:
    """16 p(1-p)/δ² an arm is his rule of thumb; the formula itself, with unequal arms and variances."""
    found = plan(0.2, 0.1, 0.25)
    per_unit = 0.2 * 0.8 / 0.25 + 0.3 * 0.7 / 0.75
    assert found.fixed == ceil((Z_ALPHA + Z_POWER) ** 2 * per_unit / 0.01)
    assert plan(0.5, 0.05).fixed == pytest.approx(2 * 16 * 0.25 / 0.05**2, rel=0.03)
    assert plan(9.0, 0.5, 0.5, spread=3.0).fixed == ceil((Z_ALPHA + Z_POWER) ** 2 * (4 * 9.0) / 0.25)


def test_a_loss_is_planned_for_as_a_gain_is() -> None:
    assert plan(0.5, -0.05) == plan(0.5, 0.05)
    assert plan(0.3, -0.3).fixed == ceil((Z_ALPHA + Z_POWER) ** 2 * (2 * 0.21 + 2 * 0.105) / 0.09), (
        "a rate that falls to nothing still varies: half of what it did"
    )
    assert plan(0.9, 0.5) == plan(0.9, 0.5), "a rate cannot rise above one"
    assert plan(0.9, 0.5).fixed == ceil((Z_ALPHA + Z_POWER) ** 2 * (2 * 0.09 + 2 * 0.045) / 0.25)


@given(st.floats(0.05, 0.5), st.floats(0.02, 0.2), st.floats(0.2, 0.8))
def test_the_units_to_look_always_are_the_least_that_are_enough(baseline: float, effect: float, control: float) -> None:
    found = plan(baseline, effect, control)
    changed = min(baseline + effect, 1.0)
    before = baseline * (1 - baseline)
    per_unit = before / control + max(changed * (1 - changed), before / 2) / (1 - control)

    def width(units: int) -> float:
        return boundary(per_unit / units, units) + Z_POWER * sqrt(per_unit / units)

    assert width(found.always_valid) <= effect
    assert found.always_valid == found.fixed or width(found.always_valid - 1) > effect
    assert POWER == 0.8


def test_what_would_take_for_ever_ends() -> None:
    assert plan(0.5, 1e-7).always_valid >= UNITS_MAX


def test_the_boundary_is_waudby_smiths() -> None:
    """Robbins' Gaussian mixture, written out: s √((tρ² + 1)/(t²ρ²) log((tρ² + 1)/α²)), s² = t·variance."""
    assert boundary(0.01, 1000) == pytest.approx(0.30699, abs=1e-5)
    assert tightest_at(TIGHTEST, ALPHA) == pytest.approx((5.99146 + 1.79033 + 1) / 2000, rel=1e-4)
    assert boundary(0.04, 1000) == pytest.approx(2 * boundary(0.01, 1000))
    assert boundary(0.01, 1000, alpha=0.01) > boundary(0.01, 1000)


@given(st.integers(0, 1000), st.integers(1, 60))
def test_where_everybody_does_the_same_nothing_is_said(value: int, units: int) -> None:
    found = lift([value] * 100, [value] * (99 + units), ([value] * 100, [value] * (99 + units)))
    assert (found.difference, found.low, found.high, found.reduced) == (0.0, None, None, 0.0)
    assert not found.decided


@pytest.mark.parametrize(
    ("baseline", "effect", "control", "spread"),
    [
        (0.2, 0.0, 0.5, None),
        (9.0, 0.0, 0.5, 3.0),
        (0.2, 0.1, 0.0, None),
        (0.2, 0.1, 1.0, None),
        (9.0, 0.5, 1.0, 3.0),
        (0.0, 0.1, 0.5, None),
        (1.0, 0.1, 0.5, None),
        (9.0, 0.5, 0.5, None),
    ],
)
def test_what_cannot_be_planned_is_refused(
    baseline: float, effect: float, control: float, spread: float | None
) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        plan(baseline, effect, control, spread)
