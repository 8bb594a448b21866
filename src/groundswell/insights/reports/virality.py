"""K: how many new viewers one new viewer brings. Pure.

A viewer who signs up is new. K = (shares per new viewer) × (sign-ups per share), over a cohort: the shares that its
viewers made within a window after signing up, and the sign-ups credited to those shares within the same window after
the share. That product is the mean number of new viewers that each new viewer brings directly: the reproduction
number of a branching process (Harris, The Theory of Branching Processes, 1963), above 1 when the loop grows by itself.

The interval is the wider, at each end, of three. The percentile bootstrap (Efron & Tibshirani, An Introduction to the
Bootstrap, 1993, ch. 13) knows how unlike each other viewers are: they are drawn again with replacement, by the seed
given, so that the same rows give the same interval. Of few hundreds of viewers it ends too soon above, for who brings
many is seldom seen; the score limits (Wilson, Probable Inference, JASA 22, 1927) of a count whose variance is so many
times its mean as among these viewers (McCullagh & Nelder, Generalized Linear Models, 1989, ch. 6.2.3) lean the right
way. Where few or none brought anybody neither knows of those who might have; so the exact limits of a Poisson count
hold there (Garwood, Fiducial Limits for the Poisson Distribution, Biometrika 28, 1936), by chi-square quantiles in
Wilson & Hilferty's approximation (PNAS 17, 1931). When nobody brought anybody, all of the error is on one side and the
upper limit is -ln(0.05) / viewers, the rule of three (Hanley & Lippman-Hand, If Nothing Goes Wrong, Is Everything All
Right?, JAMA 249, 1983).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import log, sqrt
from statistics import NormalDist

WINDOW = timedelta(days=7)
LEVEL = 0.95
RESAMPLES = 2000
MILLION = 1_000_000

DEFINITION = (
    "K = shares per new viewer × sign-ups per share. New viewers are those who signed up in the period, but for those "
    "whose visit was no person's, and, until staff accept them, those in doubt: who came with the token of another's "
    "visit, or by the links of somebody who sold so much for nothing on that day that it is a case. Counted are the "
    f"shares they made within {WINDOW.days} days of signing up, and the sign-ups credited to those shares within "
    f"{WINDOW.days} days of each, over all titles and channels. The interval covers 95 % (bootstrap over viewers, and "
    "no narrower than a count of so few, and so uneven, allows). Above 1, the loop grows by itself."
)


@dataclass(frozen=True, slots=True)
class NewViewer:
    """What a new viewer did, or each of ``viewers`` alike: shares made, sign-ups credited to them in millionths."""

    shares: int
    millionths: int
    viewers: int = 1


@dataclass(frozen=True, slots=True)
class K:
    """An estimate of K; None where it is not defined (no new viewers, no shares)."""

    value: float | None
    low: float | None
    high: float | None
    new_viewers: int
    shares: int
    sign_ups: int
    shares_per_new_viewer: float | None
    sign_ups_per_share: float | None


def estimate(cohort: Sequence[NewViewer], seed: int = 1) -> K:
    """K of a cohort, with its interval."""
    viewers = sum(each.viewers for each in cohort)
    shares = sum(each.shares * each.viewers for each in cohort)
    brought = sum(each.millionths * each.viewers for each in cohort)
    if not viewers:
        return K(None, None, None, 0, 0, 0, None, None)
    outcomes: Counter[int] = Counter()
    for each in cohort:
        outcomes[each.millionths] += each.viewers
    low, high = interval(outcomes, seed)
    return K(
        value=brought / MILLION / viewers,
        low=low,
        high=high,
        new_viewers=viewers,
        shares=shares,
        sign_ups=round(brought / MILLION),
        shares_per_new_viewer=shares / viewers,
        sign_ups_per_share=brought / MILLION / shares if shares else None,
    )


def interval(outcomes: Mapping[int, int], seed: int) -> tuple[float, float]:
    """The limits of the mean, in sign-ups a viewer. ``outcomes`` are viewers by their millionths."""
    viewers = sum(outcomes.values())
    total = sum(value * count for value, count in outcomes.items()) / MILLION
    least, most = poisson_limits(total)
    limits = resampled(outcomes, seed), score_limits(outcomes), (least / viewers, most / viewers)
    return min(low for low, _ in limits), max(high for _, high in limits)


def score_limits(outcomes: Mapping[int, int]) -> tuple[float, float]:
    """The limits of the mean where the variance of a viewer's outcome is in proportion to it (and no less than it)."""
    viewers = sum(outcomes.values())
    mean = sum(value * count for value, count in outcomes.items()) / viewers / MILLION
    if viewers < 2 or not mean:
        return mean, mean
    square = sum((value / MILLION - mean) ** 2 * count for value, count in sorted(outcomes.items())) / (viewers - 1)
    half = NormalDist().inv_cdf((1 + LEVEL) / 2) ** 2 * max(square / mean, 1.0) / viewers / 2
    apart = sqrt(half * (2 * mean + half))
    return max(0.0, mean + half - apart), mean + half + apart


def poisson_limits(count: float) -> tuple[float, float]:
    """The limits between which the mean of a Poisson count lies, ``count`` having been seen (parts of one included)."""
    if count <= 0:
        return 0.0, -log(1 - LEVEL)
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    return _half_chi_square(2 * count, -z), max(_half_chi_square(2 * count + 2, z), -log(1 - LEVEL))


def _half_chi_square(freedom: float, z: float) -> float:
    """Half of the chi-square quantile that is the normal one ``z``."""
    cubed = 1 - 2 / (9 * freedom) + z * sqrt(2 / (9 * freedom))
    return max(0.0, freedom * cubed**3 / 2)


def resampled(outcomes: Mapping[int, int], seed: int) -> tuple[float, float]:
    """The middle ``LEVEL`` of the resampled means.

    Viewers with the same outcome are drawn together (a multinomial over the distinct outcomes), so the work does not
    grow with the cohort.
    """
    import numpy as np

    ordered = sorted(outcomes.items())
    values = np.array([value for value, _ in ordered], dtype=np.float64)
    counts = np.array([count for _, count in ordered])
    viewers = int(counts.sum())
    draws = np.random.default_rng(seed).multinomial(viewers, counts / viewers, RESAMPLES)
    means = draws @ values / viewers / MILLION
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)
