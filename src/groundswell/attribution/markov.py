"""Removal effects: which part of all conversions would be lost without a channel. Pure.

Paths are taken as walks of a first-order Markov chain over channels, from a start to a conversion or to nothing
(Anderl, Becker, von Wangenheim and Schumann 2016, "Mapping the customer journey", doi:10.1016/j.ijresmar.2016.03.001).
The probability of reaching a conversion follows from the chain's transitions; a channel is removed by sending everybody
who would go there to nothing, and its effect is the part of that probability which is lost.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

PPM = 1_000_000
START, CONVERTED, LOST = "(start)", "(converted)", "(lost)"


@dataclass(frozen=True, slots=True)
class Walk:
    """So many people took this way through channels, and then converted or did not."""

    channels: tuple[str, ...]
    converted: bool
    people: int = 1


def removal_effects(walks: Iterable[Walk]) -> dict[str, int]:
    """Each channel's removal effect in millionths, from 0 (nothing would be lost) to 1,000,000 (everything would).

    Empty when nobody converted.
    """
    moves = _moves(walks)
    channels = sorted(set(moves) - {START})
    reached = _conversion_probability(moves, channels)
    if reached <= 0:
        return {}
    return {
        removed: round(
            PPM * (1 - _conversion_probability(moves, [kept for kept in channels if kept != removed]) / reached)
        )
        for removed in channels
    }


def _moves(walks: Iterable[Walk]) -> dict[str, Counter[str]]:
    moves: dict[str, Counter[str]] = defaultdict(Counter)
    for walk in walks:
        stops = (START, *walk.channels, CONVERTED if walk.converted else LOST)
        for here, there in pairwise(stops):
            moves[here][there] += walk.people
    return moves


def _conversion_probability(moves: dict[str, Counter[str]], kept: list[str]) -> float:
    """The chance of a conversion when everybody who leaves ``kept`` is lost: (I - Q)⁻¹ r, at the start."""
    states = [START, *kept]
    index = {state: number for number, state in enumerate(states)}
    among = np.eye(len(states))
    converted = np.zeros(len(states))
    for here in states:
        leaving = moves[here].total()
        for there, people in moves[here].items():
            if there == CONVERTED:
                converted[index[here]] = people / leaving
            elif there in index:
                among[index[here], index[there]] -= people / leaving
    return float(np.linalg.solve(among, converted)[0])
