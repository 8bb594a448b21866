"""Heat: how much is happening about a moment now. Pure. (Scenes are ranked by ``rate``.)

Each vote has a weight that halves every half-life ``H``: at the instant ``t`` the heat is

    h(t) = sum over votes i of  w_i * 2 ** -((t - t_i) / H)

(exponential decay; Cormode, Shkapenyuk, Srivastava & Xu, *Forward Decay*, ICDE 2009). Kept as its logarithm at a fixed
origin, ``L = log2(sum of w_i * 2 ** (t_i / H))``, it never has to be aged: a vote is added by ``add``, and whatever is
hotter at one instant is hotter at every later one, so ranking needs no clock.
"""

import math
from collections.abc import Iterable

HALF_LIFE_S = 24 * 3600
"""Of heat: a vote counts half after a day."""

WEIGHTS = {"clip": 4, "share": 4, "play": 2, "react": 2, "click": 1, "continue": 1}
"""What each kind of event weighs: sending is a stronger vote than looking."""

DEMOTED = 0.1
"""The factor on a moment that a decision demotes."""

NOTHING = -math.inf
"""The logarithm of no heat at all."""


def vote(weight: float, at_s: float, half_life_s: float = HALF_LIFE_S) -> float:
    """One vote at ``at_s`` (Unix seconds), as a logarithm."""
    return math.log2(weight) + at_s / half_life_s if weight > 0 else NOTHING


def add(*logs: float) -> float:
    """The logarithm of the sum, without leaving logarithms, so that it neither overflows nor vanishes."""
    top = max(logs, default=NOTHING)
    if top == NOTHING:
        return NOTHING
    return top + math.log2(math.fsum(2 ** (log - top) for log in logs))


def total(votes: Iterable[tuple[float, float]], half_life_s: float = HALF_LIFE_S) -> float:
    """The logarithm for votes given as (weight, Unix seconds)."""
    return add(*(vote(weight, at_s, half_life_s) for weight, at_s in votes))


def scaled(log: float, factor: float) -> float:
    """The logarithm for ``factor`` (above 0) times the heat."""
    return log + math.log2(factor)


def level(log: float, now_s: float, half_life_s: float = HALF_LIFE_S) -> float:
    """The heat at ``now_s``: weighted votes, older ones for less."""
    return 2 ** min(log - now_s / half_life_s, 1000.0)
