"""How many units an experiment needs before it can be expected to tell. Pure.

For a test that looks once, n per arm = (z₁₋α/₂ + z_power)² · (σ₀² + σ₁²) / δ² (van Belle, *Statistical Rules of
Thumb*, 2008, ch. 2; of a rate p, σ² is p(1 - p), before and after the effect). Intervals that hold at every look (see
``lift``) are wider, so they need more: the least n at which the interval's half width plus z_power standard errors is
at most δ.
"""

from dataclasses import dataclass
from math import ceil, sqrt
from statistics import NormalDist

from .lift import ALPHA, boundary

POWER = 0.8
UNITS_MAX = 10**10


@dataclass(frozen=True, slots=True)
class Plan:
    """Units of both arms together: looking once at the end (``fixed``), or whenever one likes (``always_valid``)."""

    fixed: int
    always_valid: int


def plan(baseline: float, effect: float, control_part: float = 0.5, spread: float | None = None) -> Plan:
    """What it takes to see ``effect`` with a probability of ``POWER`` when it is there.

    Args:
        baseline: the mean outcome a unit without treatment, such as conversions a viewer.
        effect: the least difference worth knowing, in the same unit; not zero.
        control_part: part of the units in control, between 0 and 1.
        spread: standard deviation of the outcome; by default that of a yes or no with mean ``baseline``.

    Raises:
        ValueError: for what cannot be planned.
    """
    if effect == 0 or not 0 < control_part < 1:
        raise ValueError("the effect must not be zero, and the part held back must lie between 0 and 1")
    if spread is None and not 0 < baseline < 1:
        raise ValueError("a rate lies between 0 and 1; give the spread of other outcomes")
    changed = min(max(baseline + effect, 0.0), 1.0)
    before = spread**2 if spread is not None else baseline * (1 - baseline)
    after = spread**2 if spread is not None else max(changed * (1 - changed), before / 2)
    per_unit = before / control_part + after / (1 - control_part)
    normal = NormalDist()
    z_alpha, z_power = normal.inv_cdf(1 - ALPHA / 2), normal.inv_cdf(POWER)
    fixed = ceil((z_alpha + z_power) ** 2 * per_unit / effect**2)
    return Plan(fixed, _always_valid(per_unit, abs(effect), z_power, fixed))


def _always_valid(per_unit: float, effect: float, z_power: float, least: int) -> int:
    def enough(units: int) -> bool:
        variance = per_unit / units
        return boundary(variance, units) + z_power * sqrt(variance) <= effect

    low, high = least, least
    while not enough(high) and high < UNITS_MAX:
        low, high = high, high * 2
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return high
