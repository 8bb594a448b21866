"""Lift, held against simulations whose truth is known: intervals cover at their stated rate, at every look."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.insights.experiments.assignment import PPM, arm_of, drawn
from groundswell.insights.experiments.lift import (
    ALPHA,
    SRM_ALPHA,
    UNITS_MIN,
    balanced,
    boundary,
    cuped,
    lift,
    sample_ratio,
)
from groundswell.insights.experiments.sample_size import POWER, plan
from groundswell.platform.ids import uuid7

LOOKS = (200, 300, 500, 800, 1300, 2000, 3000)


def experiment(random: np.random.Generator, effect: float, units: int = LOOKS[-1]) -> tuple[np.ndarray, np.ndarray]:
    """Conversions a unit, control and treatment: rare and a few to one unit, as in life."""
    rates = random.gamma(1.5, 0.1, units)
    return random.poisson(rates), random.poisson(rates[::-1] + effect)


def misses(effect: float, runs: int = 400) -> tuple[int, int]:
    """In how many runs the interval misses the truth at some look, and in how many it leaves out zero at some look."""
    random = np.random.default_rng(7)
    missed = decided = 0
    for _ in range(runs):
        control, treatment = experiment(random, effect)
        seen = [lift(control[: n // 2], treatment[: n // 2]) for n in LOOKS]
        missed += any(not each.low <= effect <= each.high for each in seen if each.low is not None)  # type: ignore[operator]
        decided += any(each.decided for each in seen)
    return missed, decided


def test_looking_again_and_again_misses_the_truth_at_most_as_often_as_stated() -> None:
    missed, decided = misses(0.0)
    assert missed / 400 <= ALPHA
    assert decided == missed


def test_a_true_effect_is_covered_and_found() -> None:
    missed, decided = misses(0.12)
    assert missed / 400 <= ALPHA
    assert decided / 400 >= 0.95


def test_an_ordinary_interval_looked_at_often_would_miss_more() -> None:
    random = np.random.default_rng(7)
    fooled = 0
    for _ in range(400):
        control, treatment = experiment(random, 0.0)
        for n in LOOKS:
            one, other = control[: n // 2], treatment[: n // 2]
            error = np.sqrt(one.var(ddof=1) / len(one) + other.var(ddof=1) / len(other))
            if abs(other.mean() - one.mean()) > 1.96 * error:
                fooled += 1
                break
    assert fooled / 400 > 2 * ALPHA


def test_cuped_narrows_the_interval_and_moves_nothing() -> None:
    random = np.random.default_rng(3)
    differences, reductions = [], []
    for _ in range(200):
        before = [random.normal(5, 2, 400) for _ in range(2)]
        control = before[0] + random.normal(0, 1, 400)
        treatment = before[1] + 0.5 + random.normal(0, 1, 400)
        plain, adjusted = lift(control, treatment), lift(control, treatment, (before[0], before[1]))
        assert adjusted.high - adjusted.low < plain.high - plain.low  # type: ignore[operator]
        differences.append(adjusted.difference)
        reductions.append(adjusted.reduced)
    assert np.mean(differences) == pytest.approx(0.5, abs=0.03)
    assert np.mean(reductions) == pytest.approx(0.8, abs=0.05)  # 1 - 1/(4 + 1): the squared correlation


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50))
def test_cuped_without_anything_before_changes_nothing(one: list[float], other: list[float]) -> None:
    control, treatment = np.array(one), np.array(other)
    same = cuped(control, treatment, np.zeros(len(one)), np.zeros(len(other)))
    assert np.array_equal(same[0], control)
    assert np.array_equal(same[1], treatment)


def test_too_few_units_say_nothing() -> None:
    found = lift([0.0] * (UNITS_MIN - 1), [1.0] * 5000)
    assert (found.low, found.high, found.decided) == (None, None, False)
    assert found.difference == 1.0
    empty = lift([], [])
    assert (empty.difference, empty.low) == (0.0, None)


def test_an_interval_never_shrinks_to_a_point() -> None:
    nobody = lift([0.0] * 5000, [0.0] * 5000)
    assert (nobody.low, nobody.high, nobody.decided) == (None, None, False)
    some = lift([0.0] * 500, [1.0] + [0.0] * 499)
    assert some.low is not None
    assert some.high is not None
    assert some.low < 0 < 1 / 500 < some.high


def test_where_nobody_in_control_converts_the_interval_still_covers() -> None:
    """Rates so small that an arm often has none: the truth is missed at most as often as stated."""
    random = np.random.default_rng(13)
    missed = 0
    for _ in range(400):
        control, treatment = random.random(400) < 0.002, random.random(400) < 0.012
        found = lift(control.astype(float).tolist(), treatment.astype(float).tolist())
        missed += found.low is not None and not found.low <= 0.01 <= (found.high or 0.0)
    assert missed / 400 <= ALPHA


def test_arms_that_were_not_alike_before_are_noticed_and_drawn_ones_are_left_alone() -> None:
    random = np.random.default_rng(17)
    alarms = 0
    for _ in range(400):
        before = random.poisson(random.gamma(0.5, 0.2, 2000)).astype(float)
        control = random.random(2000) < 0.5
        alarms += not balanced((before[control].tolist(), before[~control].tolist()))
    assert alarms / 400 <= 0.005
    only = [1.0] * 31 + [0.0] * 4469
    assert not balanced(([0.0] * 4500, only)), "31 to 0"
    assert balanced(([0.0] * 4500, [0.0] * 4500))
    assert balanced(([], []))


@given(st.floats(1e-9, 1e3), st.integers(200, 10**7))
def test_the_interval_shrinks_with_more_units(spread: float, units: int) -> None:
    assert boundary(spread / (2 * units), 2 * units) < boundary(spread / units, units)


def test_the_draw_is_even_repeatable_and_of_its_experiment_alone() -> None:
    one, other = uuid7(), uuid7()
    units = [f"viewer-{n}" for n in range(20_000)]
    arms = [arm_of(one, unit, PPM // 10) for unit in units]
    assert arms == [arm_of(one, unit, PPM // 10) for unit in units]
    assert arms.count("control") == pytest.approx(2000, abs=150)
    both = sum(
        arm_of(other, unit, PPM // 2) == "control" for unit, arm in zip(units, arms, strict=True) if arm == "control"
    )
    assert both == pytest.approx(1000, abs=130)
    assert all(0 <= drawn(one, unit) < PPM for unit in units[:100])


def test_a_sample_ratio_that_is_off_is_noticed_and_one_that_is_not_is_left_alone() -> None:
    random = np.random.default_rng(11)
    alarms = 0
    for _ in range(500):
        control = np.cumsum(random.random(3000) < 0.5)
        alarms += any(
            sample_ratio(int(control[n]), n + 1 - int(control[n]), 0.5) < SRM_ALPHA for n in range(99, 3000, 100)
        )
    assert alarms / 500 <= 0.005
    assert sample_ratio(4500, 5500, 0.5) < SRM_ALPHA
    assert sample_ratio(5000, 5000, 0.5) == 1.0
    assert sample_ratio(0, 0, 0.1) == 1.0


@settings(max_examples=50)
@given(st.floats(0.01, 0.5), st.floats(0.005, 0.2), st.floats(0.1, 0.9))
def test_more_is_needed_for_less_and_to_look_always(baseline: float, effect: float, control: float) -> None:
    found = plan(baseline, effect, control)
    assert found.always_valid >= found.fixed
    assert plan(baseline, effect / 2, control).fixed > found.fixed
    assert plan(baseline, effect, control, spread=1).fixed >= plan(baseline, effect, 0.5, spread=1).fixed


def test_the_plan_keeps_its_word() -> None:
    """With the planned units, the effect is seen about as often as promised (a textbook example, and a simulation)."""
    assert plan(0.10, 0.02).fixed == pytest.approx(2 * 3841, rel=0.01)
    units = plan(0.2, 0.08).always_valid
    random = np.random.default_rng(5)
    found = 0
    for _ in range(300):
        control, treatment = random.random(units // 2) < 0.2, random.random(units // 2) < 0.28
        found += lift(control, treatment).decided
    assert found / 300 >= POWER - 0.05


@pytest.mark.parametrize(("baseline", "effect", "part"), [(0.1, 0, 0.5), (0.1, 0.1, 0), (0.1, 0.1, 1), (0, 0.1, 0.5)])
def test_what_cannot_be_planned_is_refused(baseline: float, effect: float, part: float) -> None:
    with pytest.raises(ValueError, match=r"must|rate"):
        plan(baseline, effect, part)
