"""Who liked what, and when: what it says of what somebody likes next, and how well it foretold that. Pure."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groundswell.discovery.rate import HALF_LIVES_S, rates

from .blend import USUAL, Blend, Signs, chosen, scored
from .ease import neighbours, together

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]

TOP = 10
LIKED = 100
"""Things that somebody liked, the latest, by which others are found."""

VALIDATED = 300
"""People by whom a blend is chosen, at most."""

NOT_THERE = -99.0


@dataclass(frozen=True)
class Likes:
    """Who (``people``) liked what (``things``), when (``at_s``, Unix seconds): arrays of one length, in the order of
    time. People and things have the numbers below a ``shape``."""

    people: Numbers
    things: Numbers
    at_s: Array
    shape: tuple[int, int]

    def where(self, chosen: NDArray[np.bool_]) -> "Likes":
        return Likes(self.people[chosen], self.things[chosen], self.at_s[chosen], self.shape)


@dataclass(frozen=True)
class LikedUntil:
    """Somebody at an instant: what they liked until then, the latest first."""

    person: int
    liked: Numbers
    now_s: float


Cut = Callable[[Likes], tuple[Likes, list[tuple[LikedUntil, set[int]]]]]
"""What is known of likes, and who is asked for at which instant, with what they liked from then on."""


def at_an_instant(likes: Likes) -> tuple[Likes, list[tuple[LikedUntil, set[int]]]]:
    """What everybody liked in the last tenth is asked for, as of when that began."""
    now_s = float(np.quantile(likes.at_s, 0.9))
    known, after = likes.where(likes.at_s < now_s), likes.where(likes.at_s >= now_s)
    there = set(known.things.tolist())
    asked = []
    for person in np.unique(after.people):
        liked = known.things[known.people == person][::-1]
        wanted = (set(after.things[after.people == person].tolist()) - set(liked.tolist())) & there
        if wanted:
            asked.append((LikedUntil(int(person), liked, now_s), wanted))
    return known, asked


def ndcg(scores: Array, asked: LikedUntil, wanted: set[int]) -> float:
    """Of the first ``TOP`` that they have not liked yet (Järvelin & Kekäläinen, 2002)."""
    scores = scores.copy()
    scores[asked.liked] = -np.inf
    first = np.argsort(-scores, kind="stable")[:TOP]
    gained = sum(1 / math.log2(n + 2) for n, thing in enumerate(first) if int(thing) in wanted)
    return gained / sum(1 / math.log2(n + 2) for n in range(min(TOP, len(wanted))))


class Counters:
    """Forward-decayed counters of things, by instant: logarithms to base 2 at the Unix origin, as scenes' are."""

    def __init__(self, likes: Likes, half_life_s: float) -> None:
        self.likes, self.half_life_s = likes, half_life_s
        self._origin = float(likes.at_s[-1])
        self._weights = np.exp2((likes.at_s - self._origin) / half_life_s)
        self._known: dict[int, Array] = {}

    def logs(self, now_s: float) -> Array:
        """What there was before ``now_s``."""
        end = int(np.searchsorted(self.likes.at_s, now_s))
        if end not in self._known:
            counts = np.bincount(self.likes.things[:end], self._weights[:end], self.likes.shape[1])
            with np.errstate(divide="ignore"):
                self._known[end] = np.log2(counts) + self._origin / self.half_life_s
        return self._known[end]


def signs(likes: Likes) -> Callable[[LikedUntil], Signs]:
    """What ``likes`` say of all things, for somebody at an instant."""
    counters = [Counters(likes, half_life) for half_life in HALF_LIVES_S]
    count = likes.shape[1]
    weights = neighbours(together(likes.people, likes.things, count))
    log_votes = np.log1p(np.bincount(likes.things, minlength=count).astype(np.float64))
    born = np.full(count, np.inf)
    np.minimum.at(born, likes.things, likes.at_s)

    def known(asked: LikedUntil) -> Signs:
        logs = np.stack([each.logs(asked.now_s) for each in counters], axis=1)
        there = born < asked.now_s
        now = rates(logs, asked.now_s - np.where(there, born, asked.now_s), asked.now_s)
        liked = list(dict.fromkeys(asked.liked.tolist()))[:LIKED]
        return Signs(np.where(there, np.log(now), NOT_THERE), log_votes, weights[liked].sum(0))

    return known


def learned(likes: Likes, cut: Cut = at_an_instant) -> Blend:
    """The blend that would have foretold best what was liked after ``cut``."""
    before, every = cut(likes)
    if not every:
        return USUAL
    asked = [every[n] for n in np.random.default_rng(1).permutation(len(every))[:VALIDATED]]
    known = signs(before)
    return chosen([known(who) for who, _ in asked], lambda n, scores: ndcg(scores, *asked[n]))


def foretold(likes: Likes, blend: Blend) -> Callable[[LikedUntil], Array]:
    """Scores of all things, for somebody at an instant."""
    known = signs(likes)
    return lambda asked: scored(blend, known(asked))
