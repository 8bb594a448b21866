"""Whom to take so that together they reach most: maximum coverage, greedily. Pure.

Each step takes whoever adds most people that those before do not reach. What is reached so by any number of steps is at
least ``1 - 1/e`` (63%) of what the best choice of as many would reach (Nemhauser, Wolsey & Fisher, *An Analysis of
Approximations for Maximizing Submodular Set Functions I*, Mathematical Programming 14 (1978), 265-294). What somebody
adds never grows while others are taken, so that an old number is an upper bound and few have to be counted again
(Minoux, *Accelerated Greedy Algorithms for Maximizing Submodular Set Functions*, 1978).
"""

from collections.abc import Hashable, Mapping, Set
from heapq import heapify, heappop, heappush
from typing import NamedTuple, TypeVar

K = TypeVar("K", bound=Hashable)


class Added(NamedTuple):
    """At which place somebody is taken (from 1), and how many people they add to those before."""

    place: int
    people: int


def greedy_coverage(reached: Mapping[K, Set[Hashable]]) -> dict[K, Added]:
    """The places of all, who adds most first; of those who add the same, whoever comes first in ``reached``."""
    keys = list(reached)
    bounds = [(-len(reached[key]), index) for index, key in enumerate(keys)]
    heapify(bounds)
    covered: set[Hashable] = set()
    taken: dict[K, Added] = {}
    while bounds:
        bound, index = heappop(bounds)
        fresh = reached[keys[index]] - covered
        if len(fresh) < -bound:
            heappush(bounds, (-len(fresh), index))
            continue
        taken[keys[index]] = Added(len(taken) + 1, len(fresh))
        covered |= fresh
    return taken
