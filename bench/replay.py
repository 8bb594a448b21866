"""Votes replayed hourly: what each ranking puts first by the past alone, judged by the votes of the hours to come.

NDCG@10 with gain log2(1 + votes), over every hour in which at least ten items that are there get a vote within the
horizon; the first day only fills the counters. ``old`` is the same among items at least a day old.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bench.rankings import DAY_HALF_LIFE_S, HOUR_S, Counted, Values
from bench.votes import DAY_S, Votes
from groundswell.discovery.rate import HALF_LIVES_S

HORIZONS_H = (1, 6, 24)
TOP = 10
LEAST_ITEMS, LEAST_OLD = 10, 3
DISCOUNTS = 1 / np.log2(np.arange(2, TOP + 2))


@dataclass
class Hour:
    """One hour's look: what was counted, which items are there, and the votes to come by horizon."""

    seen: Counted
    there: NDArray[np.bool_]
    future: dict[int, Values]


@dataclass
class Replayed:
    """By ranking and horizon, the NDCG of each hour that counts (of old items: NaN where too few got a vote)."""

    name: str
    all: dict[str, dict[int, list[float]]] = field(default_factory=dict)
    old: dict[str, dict[int, list[float]]] = field(default_factory=dict)

    def mean(self, ranking: str, *, old: bool = False) -> float:
        """Mean over the horizons of the mean over the hours."""
        means = [np.nanmean(each) for each in (self.old if old else self.all)[ranking].values() if _any(each)]
        return float(np.mean(means)) if means else float("nan")


def _any(values: list[float]) -> bool:
    return bool(np.isfinite(values).any())


def hours(
    votes: Votes, half_lives: tuple[int, ...] = (*HALF_LIVES_S, DAY_HALF_LIFE_S), weights: Values | None = None
) -> Iterator[Hour]:
    """Each hour of the votes after the first day, with what was counted until then. ``weights``: of each vote, for what
    is decayed."""
    at, item, n = votes.at, votes.item, votes.items
    weight = np.ones(len(at)) if weights is None else weights
    begun = np.full(n, np.inf)
    np.minimum.at(begun, item, at)
    now = at[0] + DAY_S
    reached = int(np.searchsorted(at, now))
    decayed: dict[int, Values] = {
        h: np.bincount(item[:reached], weight[:reached] * 0.5 ** ((now - at[:reached]) / h), n).astype(float)
        for h in half_lives
    }
    total = np.bincount(item[:reached], minlength=n).astype(float)

    def between(begin: float, end: float) -> Values:
        low, high = np.searchsorted(at, [begin, end])
        return np.bincount(item[low:high], minlength=n).astype(float)

    while now + HOUR_S < at[-1]:
        there = begun <= now
        future = {
            horizon: between(now, now + horizon * HOUR_S) for horizon in HORIZONS_H if now + horizon * HOUR_S < at[-1]
        }
        week = between(now - 7 * DAY_S, now)
        yield Hour(Counted(now, begun, total, between(now - DAY_S, now), week, decayed), there, future)
        then = now + HOUR_S
        until = int(np.searchsorted(at, then))
        fresh, fresh_at, fresh_weight = item[reached:until], at[reached:until], weight[reached:until]
        decayed = {
            h: held * 0.5 ** (HOUR_S / h) + np.bincount(fresh, fresh_weight * 0.5 ** ((then - fresh_at) / h), n)
            for h, held in decayed.items()
        }
        total = total + np.bincount(fresh, minlength=n)
        now, reached = then, until


def replay(votes: Votes, rankings: dict[str, Callable[[Counted], Values]], weights: Values | None = None) -> Replayed:
    """How well each ranking does on a set."""
    done = Replayed(votes.name)
    for ranking in rankings:
        done.all[ranking] = {horizon: [] for horizon in HORIZONS_H}
        done.old[ranking] = {horizon: [] for horizon in HORIZONS_H}
    for hour in hours(votes, weights=weights):
        counting = {h: future for h, future in hour.future.items() if (future[hour.there] > 0).sum() >= LEAST_ITEMS}
        if not counting:
            continue
        old = hour.there & (hour.seen.age_h >= 24)
        for ranking, score in rankings.items():
            scores = score(hour.seen)
            for horizon, future in counting.items():
                done.all[ranking][horizon].append(ndcg(scores, future, hour.there))
                enough = (future[old] > 0).sum() >= LEAST_OLD
                done.old[ranking][horizon].append(ndcg(scores, future, old) if enough else float("nan"))
    return done


def ndcg(scores: Values, future: Values, among: NDArray[np.bool_]) -> float:
    """Of the ten that ``scores`` puts first among some items, against the ten that got most votes."""
    gains = np.log2(1 + future)
    best = np.sort(gains[among])[::-1][:TOP]
    at = np.flatnonzero(among)
    falling = -scores[at]
    near = np.sort(np.argpartition(falling, TOP - 1)[:TOP]) if len(at) > TOP else np.arange(len(at))
    first = at[near[np.argsort(falling[near], kind="stable")]]
    ideal = float((best * DISCOUNTS[: len(best)]).sum())
    return float((gains[first] * DISCOUNTS[: len(first)]).sum()) / ideal if ideal else float("nan")
