"""Which things those like who like others: embarrassingly shallow autoencoders (Steck, WWW 2019). Pure.

Of who likes what, the linear model of each thing by all others has a closed form: with ``G`` the counts of people who
like both of two things, and ``P`` the inverse of ``G + L2 * I``, a weight is ``-P[i, j] / P[j, j]``. The strongest of
each thing's are kept.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]

L2 = 200.0
"""People who like nothing in common, as whom it counts: what few like says little."""

KEPT = 100
"""Neighbours of a thing that are kept."""


def together(people: Numbers, things: Numbers, count: int) -> Array:
    """How many people like both of each two things; on the diagonal, how many like one.

    Args:
        people, things: who likes what, of one length; more than once counts once.
        count: of things, which have the numbers below it.
    """
    found = np.zeros((count, count))
    pairs = np.unique(np.stack([people, things], axis=1), axis=0)
    if len(pairs):
        for liked in np.split(pairs[:, 1], np.flatnonzero(np.diff(pairs[:, 0])) + 1):
            found[np.ix_(liked, liked)] += 1
    return found


def neighbours(counts: Array) -> Array:
    """The weight of each thing (row) for each other one (column): the ``KEPT`` strongest of a row, the rest 0."""
    inverse = np.linalg.inv(counts + L2 * np.eye(len(counts)))
    weights: Array = np.maximum(inverse / -np.diag(inverse), 0.0)
    np.fill_diagonal(weights, 0.0)
    if len(weights) > KEPT:
        weaker = np.argpartition(-weights, KEPT, axis=1)[:, KEPT:]
        np.put_along_axis(weights, weaker, 0.0, axis=1)
    return weights
