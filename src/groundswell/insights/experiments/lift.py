"""What being shown something caused: the difference of two arms, with intervals that hold at every look. Pure.

**Difference.** Mean outcome of treatment units less that of control units. Units are what was drawn (a viewer, a
cluster), so that outcomes within a cluster may depend on each other.

**CUPED** (Deng, Xu, Kohavi & Walker, *Improving the Sensitivity of Online Controlled Experiments by Utilizing
Pre-Experiment Data*, WSDM 2013). The outcome y is replaced by y - θ(x - mean x), where x is what the unit did before
it was exposed and θ = cov(x, y) / var(x) over both arms together. x cannot depend on the arm, so the expectation of
the difference stays, and its variance falls by the squared correlation of x and y.

**Always-valid interval.** An asymptotic confidence sequence: the Gaussian mixture boundary

    difference ± s · √( (tρ² + 1) / (t²ρ²) · log((tρ² + 1) / α²) ),    s² = t · (s₁²/n₁ + s₀²/n₀),  t = n₁ + n₀

(Robbins, 1970; Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, *Time-uniform central limit theory and asymptotic
confidence sequences*, Annals of Statistics 52 (2024), eq. (9); for two arms as in Maharaj et al., *Anytime-Valid
Confidence Sequences in an Enterprise A/B Testing Platform*, 2023). The probability that it *ever* misses the true
difference, however often one looks and whenever one stops, tends to at most α. ρ makes it tightest near ``TIGHTEST``
units. It is asymptotic: below ``UNITS_MIN`` units an arm, nothing is said. Nor is it while every unit of both arms did
the same, which tells nothing of how unlike they may be; where only those of one arm did (nobody in control converted),
it is given the spread of both arms together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, lgamma, log, sqrt

import numpy as np
import numpy.typing as npt

ALPHA = 0.05
UNITS_MIN = 100
TIGHTEST = 2000
SRM_ALPHA = 0.001

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lift:
    """The difference of the arms' means per unit, with an interval that may be looked at as often as one likes.

    ``low`` and ``high`` are None while an arm has fewer than ``UNITS_MIN`` units, or all units did the same.
    ``reduced`` is the part of the variance that CUPED took away (0 to 1).
    """

    control_units: int
    treatment_units: int
    control_mean: float
    treatment_mean: float
    difference: float
    low: float | None
    high: float | None
    reduced: float

    @property
    def decided(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


def lift(
    control: Sequence[float],
    treatment: Sequence[float],
    before: tuple[Sequence[float], Sequence[float]] | None = None,
    alpha: float = ALPHA,
) -> Lift:
    """The lift of ``treatment`` over ``control``: one outcome a unit.

    Args:
        before: what each unit of control and of treatment did before it was exposed, in the same order.
    """
    one, other = np.asarray(control, dtype=np.float64), np.asarray(treatment, dtype=np.float64)
    means = (_mean(one), _mean(other))
    reduced = 0.0
    if before is not None:
        plain = _variance(one, other)
        one, other = cuped(one, other, *(np.asarray(x, dtype=np.float64) for x in before))
        reduced = max(0.0, 1 - _variance(one, other) / plain) if plain else 0.0
    difference = _mean(other) - _mean(one)
    low = high = None
    variance = _variance(one, other)
    if min(len(one), len(other)) >= UNITS_MIN and variance > 0:
        radius = boundary(variance, len(one) + len(other), alpha)
        low, high = difference - radius, difference + radius
    return Lift(len(one), len(other), means[0], means[1], difference, low, high, reduced)


def cuped(
    control: Values, treatment: Values, before_control: Values, before_treatment: Values
) -> tuple[Values, Values]:
    """The outcomes, less what could be foretold from before the exposure."""
    y, x = np.concatenate([control, treatment]), np.concatenate([before_control, before_treatment])
    spread = float(np.var(x)) if len(x) > 1 else 0.0
    if spread == 0:
        return control, treatment
    theta = float(np.mean((x - x.mean()) * (y - y.mean()))) / spread
    adjusted = y - theta * (x - x.mean())
    return adjusted[: len(control)], adjusted[len(control) :]


def boundary(variance: float, units: int, alpha: float = ALPHA) -> float:
    """Half the width of the interval.

    Args:
        variance: of the difference of means (s₁²/n₁ + s₀²/n₀).
        units: in both arms.
    """
    rho2 = tightest_at(TIGHTEST, alpha)
    scaled = units * rho2 + 1
    return sqrt(variance * units) * sqrt(scaled / (units**2 * rho2) * log(scaled / alpha**2))


def tightest_at(units: int, alpha: float) -> float:
    """ρ², for a boundary about the tightest at so many units (Waudby-Smith et al., appendix B.2)."""
    return (-2 * log(alpha) + log(-2 * log(alpha)) + 1) / units


def _mean(values: Values) -> float:
    return float(values.mean()) if len(values) else 0.0


def _variance(control: Values, treatment: Values) -> float:
    """Of the difference of means; an arm whose units all did the same has the spread of both."""
    arms = [arm for arm in (control, treatment) if len(arm) > 1]
    both = float(np.var(np.concatenate([control, treatment]), ddof=1)) if arms else 0.0
    return sum((float(np.var(arm, ddof=1)) or both) / len(arm) for arm in arms)


def balanced(before: tuple[Sequence[float], Sequence[float]]) -> bool:
    """Whether what the units of control and of treatment did before they were exposed is as alike as a draw makes it.

    The draw cannot have changed what was done before it; so a difference that the interval (at ``SRM_ALPHA``, valid at
    every look) cannot explain says that the arms were not drawn, whatever their sizes are.
    """
    found = lift(*before, alpha=SRM_ALPHA)
    return not found.decided


def sample_ratio(control: int, treatment: int, control_part: float) -> float:
    """Whether the arms have the sizes that the draw gives: a probability below ``SRM_ALPHA`` says something is broken.

    Always valid, like the interval: the Bayes factor of a Beta(1, 1) prior against the draw's own ratio, whose inverse
    bounds the probability that it ever grows so large (Lindon & Malek, *Anytime-Valid Inference for Multinomial Count
    Data*, NeurIPS 2022).
    """
    prior = 0.0  # log B(1, 1)
    seen = lgamma(1 + control) + lgamma(1 + treatment) - lgamma(2 + control + treatment)
    expected = control * log(control_part) + treatment * log(1 - control_part)
    return min(1.0, exp(min(0.0, -(seen - prior - expected))))
