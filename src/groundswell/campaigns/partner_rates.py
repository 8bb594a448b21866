"""How many paid subscriptions a share of somebody may be expected to bring. Pure.

**Gamma-Poisson, empirical Bayes.** That a partner's ``n`` shares brought ``y`` subscriptions is Poisson with mean
``n * rate``, and the rates of all partners follow a Gamma distribution (shape ``alpha``, rate ``beta``). Then, given
what was seen, the rate follows Gamma(``alpha + y``, ``beta + n``): its mean lies between the partner's own and that of
all, the closer to that of all the less was seen. Three lucky clicks move it little. (Robbins, *An Empirical Bayes
Approach to Statistics*, 1956; Clayton & Kaldor, *Empirical Bayes Estimates of Age-Standardized Relative Risks for Use
in Disease Mapping*, Biometrics 43 (1987), 671-681, section 2.1.)

**The prior** is had from the moments of what all partners did: the mean ``m = Σy / Σn`` and, of the weighted variance
``s² = Σn(y/n - m)² / Σn``, what chance alone does not explain, ``s² - m / mean(n)`` (Marshall, *Mapping Disease and
Mortality Rates Using Empirical Bayes Estimators*, Applied Statistics 40 (1991), 283-294). Where chance explains all of
it, the prior weighs as much as everything that was seen, and never more. Half a subscription more than was seen is
reckoned with, so that a period without any has an interval too.

**Credit is in parts**: ``y`` is a sum of parts of subscriptions and need not be whole; the formulas hold for any ``y``.
"""

from dataclasses import dataclass
from math import exp, lgamma, log

INTERVAL = 0.9
"""How much of the distribution an interval holds; as much lies below it as above."""
STEPS_MAX = 1_000
TOLERANCE = 1e-12


@dataclass(frozen=True, slots=True)
class RatePrior:
    """How the rates of all partners are spread: Gamma of this shape (``alpha``) and rate (``beta``, in shares)."""

    alpha: float
    beta: float


@dataclass(frozen=True, slots=True)
class RateSums:
    """What the prior is had from: of all partners, how many there are, Σn, Σy, and Σy²/n."""

    partners: int
    shares: float
    subscriptions: float
    squares: float


@dataclass(frozen=True, slots=True)
class ExpectedRate:
    """Subscriptions per share: the mean, and the interval that holds ``INTERVAL`` of what it may be."""

    mean: float
    low: float
    high: float


def rate_prior(sums: RateSums) -> RatePrior:
    """The prior by the moments of what all did. Nobody shared: one that says next to nothing."""
    if sums.partners == 0 or sums.shares <= 0:
        return RatePrior(0.5, 1.0)
    mean = (sums.subscriptions + 0.5) / sums.shares
    variance = sums.squares / sums.shares - (sums.subscriptions / sums.shares) ** 2
    between = variance - mean * sums.partners / sums.shares
    beta = min(mean / between, sums.shares) if between > 0 else sums.shares
    return RatePrior(mean * beta, beta)


def expected_rate(prior: RatePrior, shares: float, subscriptions: float) -> ExpectedRate:
    """What a partner's rate is taken for, who brought ``subscriptions`` by ``shares``."""
    shape, rate = prior.alpha + subscriptions, prior.beta + shares
    outside = (1 - INTERVAL) / 2
    low, high = gamma_quantile(shape, outside) / rate, gamma_quantile(shape, 1 - outside) / rate
    return ExpectedRate(shape / rate, low, high)


def gamma_quantile(shape: float, probability: float) -> float:
    """The value below which a Gamma(``shape``, 1) variable lies with ``probability``, by bisection."""
    low, high = 0.0, max(shape, 1.0)
    while gamma_below(shape, high) < probability:
        low, high = high, high * 2
    for _ in range(200):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        low, high = (middle, high) if gamma_below(shape, middle) < probability else (low, middle)
    return high


def gamma_below(shape: float, value: float) -> float:
    """The regularised lower incomplete gamma function P(shape, value): its series below ``shape + 1``, Lentz's
    continued fraction of the rest above (NIST Digital Library of Mathematical Functions, 8.7.1 and 8.9.2)."""
    if value <= 0:
        return 0.0
    scale = exp(shape * log(value) - value - lgamma(shape))
    return scale * _series(shape, value) if value < shape + 1 else 1 - scale * _fraction(shape, value)


def _series(shape: float, value: float) -> float:
    term = total = 1 / shape
    for step in range(1, STEPS_MAX):
        term *= value / (shape + step)
        total += term
        if term < total * TOLERANCE:
            break
    return total


def _fraction(shape: float, value: float) -> float:
    tiny = 1e-300
    b = value + 1 - shape
    c, d = 1 / tiny, 1 / b
    found = d
    for step in range(1, STEPS_MAX):
        a = -step * (step - shape)
        b += 2
        d = a * d + b
        c = b + a / c
        d = 1 / (d or tiny)
        c = c or tiny
        found *= d * c
        if abs(d * c - 1) < TOLERANCE:
            break
    return found
