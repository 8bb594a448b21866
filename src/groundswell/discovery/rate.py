"""The rate at which votes come now, estimated from counters of three half-lives. Pure.

One half-life cannot serve a quick and a slow community: a short one has nothing to go by where a scene gets a vote a
day, a long one is late where an hour decides. So there are three, each kept as ``heat`` keeps one: as a logarithm at a
fixed origin (forward decay; Cormode, Shkapenyuk, Srivastava & Xu, ICDE 2009). A counter with half-life ``H`` of
something ``a`` old holds the votes of an exposure of

    e(H, a) = H / ln 2 * (1 - 2 ** -((a + GRACE) / H))

and votes are taken for a Poisson process whose rate has the Gamma prior that the next slower counter gives: of shape
``SHAPE`` and with that counter's estimate as its mean. Slowest to quickest, the estimate is the posterior mean

    r = (SHAPE + n) / (SHAPE / r_slower + e)

(conjugate Gamma-Poisson shrinkage; Gelman et al., *Bayesian Data Analysis*, 2.6): where votes are many the quick
counter speaks, where they are few the slow one does.

The estimate rises with each counter and falls with age, which is what ``threshold`` needs to find the exact top without
looking at all.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

HALF_LIVES_S: Final = (1_800, 21_600, 259_200)
"""Quickest first: 30 minutes, 6 hours, 3 days. With ``SHAPE`` and ``GRACE_S`` chosen by cross-validation
(``python -m bench trending --choose``)."""

SHAPE = 4.0
"""Votes that an estimate of the slower counter is worth."""

GRACE_S = 6 * 3600
"""Added to every age, so that the first vote of something new makes no rate of its own."""

HOUR_S = 3600
LEAST = 1e-12
"""Of votes, in place of none: what has none still has an order."""


def rates(logs: ArrayLike, ages_s: ArrayLike, now_s: float) -> NDArray[np.float64]:
    """Votes an hour at ``now_s``, of each of ``n`` things.

    Args:
        logs: shape (n, 3), the counters as logarithms to base 2 at the Unix origin, quickest first; ``-inf`` is empty.
        ages_s: shape (n,), seconds since each could first be voted for; below 0 counts as 0.
        now_s: Unix seconds.
    """
    counters = np.asarray(logs, dtype=np.float64).reshape(-1, len(HALF_LIVES_S))
    ages = np.maximum(np.asarray(ages_s, dtype=np.float64), 0.0)
    estimate: NDArray[np.float64] | None = None
    for counter in reversed(range(len(HALF_LIVES_S))):
        half_life = HALF_LIVES_S[counter]
        votes = np.exp2(np.clip(counters[:, counter] - now_s / half_life, -1000.0, 1000.0))
        exposure = _exposure_h(half_life, ages)
        if estimate is None:
            estimate = np.maximum(votes, LEAST) / exposure
        else:
            estimate = (SHAPE + votes) / (SHAPE / estimate + exposure)
    assert estimate is not None
    return estimate


def rate(logs: ArrayLike, age_s: float, now_s: float) -> float:
    """``rates`` of one thing."""
    return float(rates(logs, age_s, now_s)[0])


def usual(slow_log: float, age_s: float, now_s: float) -> float:
    """Votes an hour by the slowest counter alone: what is usual for a thing of late."""
    votes = 2.0 ** min(max(slow_log - now_s / HALF_LIVES_S[-1], -1000.0), 1000.0)
    return float(max(votes, LEAST) / _exposure_h(HALF_LIVES_S[-1], np.asarray(max(age_s, 0.0))))


def _exposure_h(half_life_s: float, ages_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Hours' worth of votes that a counter of something so old holds."""
    part: NDArray[np.float64] = -np.expm1(-math.log(2) * (ages_s + GRACE_S) / half_life_s)
    return half_life_s / HOUR_S / math.log(2) * part
