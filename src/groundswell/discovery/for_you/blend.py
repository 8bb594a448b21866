"""How much it says that something is hot, has lasted, or is near to what somebody likes. Pure.

The chance that somebody likes a thing next is taken to be in proportion to

    rate ** hot * votes ** lasting * exp(near * e)

of the rate of votes for it now (``rate``), of all votes for it there ever were, and of ``e``, which says how near it is
to what they like (``ease``): so a score is the sum of logarithms. Where things come and go by the day the rate says
most, where they stay for years what one likes does; which it is, a validation cut says.
"""

from collections.abc import Callable, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Blend(NamedTuple):
    """The exponents."""

    hot: float
    lasting: float
    near: float


class Signs(NamedTuple):
    """What is known of things for one person: logarithms of rates and of votes, and how near each is."""

    log_rates: Array
    log_votes: Array
    near: Array


USUAL = Blend(1.0, 0.0, 3.0)
"""Where too little is known to choose: chosen on generated communities in which scenes burst for a day."""

GRID = [USUAL, *(Blend(*each) for each in product((0.0, 0.25, 1.0), (0.0, 0.5), (0.0, 1.0, 3.0, 8.0, 20.0)))]

WORTH = 1.01
"""How much better than the usual one must be on the cut to be taken instead."""


def scored(blend: Blend, signs: Signs) -> Array:
    """A score for each thing."""
    found: Array = blend.hot * signs.log_rates + blend.lasting * signs.log_votes + blend.near * signs.near
    return found


def chosen(asked: Sequence[Signs], judge: Callable[[int, Array], float]) -> Blend:
    """The blend that does best on a validation cut.

    Args:
        asked: what was known, for each who is asked for; at least one.
        judge: how good scores are for the one with this number.
    """
    means = [float(np.mean([judge(n, scored(blend, signs)) for n, signs in enumerate(asked)])) for blend in GRID]
    best = int(np.argmax(means))
    return GRID[best] if means[best] > WORTH * means[0] else USUAL
