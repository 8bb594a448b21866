"""What For you puts first, beside EASE, implicit ALS, popularity and heat, over who liked what and when.

Ours is the product's own sources and weights (``for_you.sources``, ``for_you.slate``) over events instead of tables:
the rate of votes now, what people clipped who clipped the same, what is new. Nothing is drawn: the scores' order is
judged, without what is only known of a running service (how a scene did lately, titles in progress).
"""

import csv
import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from groundswell.discovery.for_you.slate import WEIGHTS
from groundswell.discovery.for_you.sources import FRESH, HOT, LIKED, NEAR
from groundswell.discovery.rate import HALF_LIVES_S, rates

Array = NDArray[np.float64]
Scorer = Callable[["Asked"], Array]

TOP = 10
FEW = 10
DAY_S = 86_400.0
EASE_L2, ALS_FACTORS, ALS_ROUNDS, ALS_L2, ALS_ALPHA = 200.0, 32, 8, 5.0, 20.0


@dataclass(frozen=True)
class Events:
    """Who (``users``) liked what (``items``), when (``at_s``): arrays of one length, in the order of time."""

    users: NDArray[np.int64]
    items: NDArray[np.int64]
    at_s: Array

    @property
    def shape(self) -> tuple[int, int]:
        return int(self.users.max()) + 1, int(self.items.max()) + 1

    def where(self, chosen: NDArray[np.bool_]) -> "Events":
        return Events(self.users[chosen], self.items[chosen], self.at_s[chosen])


@dataclass(frozen=True)
class Asked:
    """A reader at an instant: what they liked until then, the latest first."""

    user: int
    liked: NDArray[np.int64]
    now_s: float


def generated(seed: int, users: int = 2_000, items: int = 800, events: int = 40_000, days: int = 60) -> Events:
    """Readers with tastes of eight kinds, items of one or two, that appear over time and burst for about a day."""
    rng = np.random.default_rng(seed)
    taste = rng.dirichlet(np.full(8, 0.3), users)
    kind = rng.dirichlet(np.full(8, 0.15), items)
    appears = rng.uniform(-20, days, items)
    fame = rng.pareto(1.3, items) + 0.2
    activity = rng.pareto(1.2, users) + 0.3
    when = np.sort(rng.uniform(0, days, events))
    who = rng.choice(users, events, p=activity / activity.sum())
    what = np.empty(events, dtype=np.int64)
    match = taste @ kind.T
    for n, (user, day) in enumerate(zip(who, when, strict=True)):
        age = day - appears
        wanted = match[user] * fame * np.where(age > 0, 0.05 + np.exp2(-np.maximum(age, 0)), 0.0)
        what[n] = rng.choice(items, p=wanted / wanted.sum())
    return Events(who.astype(np.int64), what, when * DAY_S + 1.7e9)


def read(path: Path) -> Events:
    """A file of ``user,item,unix_seconds`` or, as MovieLens has them, ``user,item,rating,unix_seconds`` (ratings of 4
    and more are liked); with or without a line of names."""
    rows = []
    with path.open(newline="") as file:
        for row in csv.reader(file):
            if row and row[-1].replace(".", "", 1).isdigit() and (len(row) < 4 or float(row[2]) >= 4):
                rows.append((row[0], row[1], float(row[-1])))
    rows.sort(key=lambda each: each[2])
    users, items = ({name: n for n, name in enumerate(dict.fromkeys(r[at] for r in rows))} for at in (0, 1))
    numbers = np.array([(users[who], items[what]) for who, what, _ in rows])
    return Events(numbers[:, 0], numbers[:, 1], np.array([at for *_, at in rows]))


def per_user(events: Events) -> tuple[Events, list[tuple[Asked, set[int]]]]:
    """Of each reader the last fifth of what they liked is asked for, as of when it began."""
    places: defaultdict[int, list[int]] = defaultdict(list)
    for n, user in enumerate(events.users):
        places[int(user)].append(n)
    train, asked = np.ones(len(events.users), dtype=bool), []
    for user, theirs in places.items():
        if len(theirs) < 5:
            continue
        cut = len(theirs) - max(1, len(theirs) // 5)
        train[theirs[cut:]] = False
        liked = events.items[theirs[:cut]]
        wanted = set(events.items[theirs[cut:]].tolist()) - set(liked.tolist())
        if wanted:
            asked.append((Asked(user, liked[::-1], float(events.at_s[theirs[cut]])), wanted))
    return events.where(train), asked


def at_an_instant(events: Events) -> tuple[Events, list[tuple[Asked, set[int]]]]:
    """What everybody liked in the last tenth is asked for, as of when that began."""
    now_s = float(np.quantile(events.at_s, 0.9))
    train = events.where(events.at_s < now_s)
    after = events.where(events.at_s >= now_s)
    there = set(train.items.tolist())
    asked = []
    for user in np.unique(after.users):
        liked = train.items[train.users == user][::-1]
        wanted = (set(after.items[after.users == user].tolist()) - set(liked.tolist())) & there
        if wanted:
            asked.append((Asked(int(user), liked, now_s), wanted))
    return train, asked


def ndcg(scores: Array, asked: Asked, wanted: set[int]) -> float:
    """Of the first ``TOP`` that the reader has not liked yet (Järvelin & Kekäläinen, 2002)."""
    scores = scores.copy()
    scores[asked.liked] = -np.inf
    first = np.argsort(-scores, kind="stable")[:TOP]
    gained = sum(1 / math.log2(n + 2) for n, item in enumerate(first) if int(item) in wanted)
    return gained / sum(1 / math.log2(n + 2) for n in range(min(TOP, len(wanted))))


def matrix(events: Events, shape: tuple[int, int]) -> Array:
    found = np.zeros(shape)
    found[events.users, events.items] = 1.0
    return found


def popularity(train: Events, shape: tuple[int, int]) -> Scorer:
    counts = np.bincount(train.items, minlength=shape[1]).astype(np.float64)
    return lambda asked: counts


def heat(train: Events, shape: tuple[int, int]) -> Scorer:
    """Votes that halve in a day, as they are when it is asked."""
    counters = Counters(train, shape[1], DAY_S)
    return lambda asked: counters.logs(asked.now_s)


def ease(train: Events, shape: tuple[int, int]) -> Scorer:
    """Embarrassingly shallow autoencoders (Steck, WWW 2019)."""
    likes = matrix(train, shape)
    inverse = np.linalg.inv(likes.T @ likes + EASE_L2 * np.eye(shape[1]))
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return lambda asked: likes[asked.user] @ weights


def als(train: Events, shape: tuple[int, int]) -> Scorer:
    """Implicit feedback by alternating least squares (Hu, Koren & Volinsky, ICDM 2008), as ``implicit`` has it."""
    likes, rng = matrix(train, shape), np.random.default_rng(1)
    users, items = (rng.normal(0, 0.1, (count, ALS_FACTORS)) for count in shape)
    for _ in range(ALS_ROUNDS):
        users = _solved(likes, items)
        items = _solved(likes.T, users)
    return lambda asked: users[asked.user] @ items.T


def _solved(likes: Array, others: Array) -> Array:
    gram = others.T @ others + ALS_L2 * np.eye(others.shape[1])
    found = np.zeros((likes.shape[0], others.shape[1]))
    for n, row in enumerate(likes):
        mine = others[row > 0]
        if len(mine):
            found[n] = np.linalg.solve(gram + ALS_ALPHA * mine.T @ mine, (1 + ALS_ALPHA) * mine.sum(0))
    return found


class Counters:
    """Forward-decayed counters of items, by instant: logarithms to base 2 at the Unix origin, as the product's."""

    def __init__(self, events: Events, items: int, half_life_s: float) -> None:
        self.events, self.items, self.half_life_s = events, items, half_life_s
        self._origin = float(events.at_s[-1])
        self._weights = np.exp2((events.at_s - self._origin) / half_life_s)
        self._known: dict[int, Array] = {}

    def logs(self, now_s: float) -> Array:
        """What there was before ``now_s``."""
        end = int(np.searchsorted(self.events.at_s, now_s))
        if end not in self._known:
            counts = np.bincount(self.events.items[:end], self._weights[:end], self.items)
            with np.errstate(divide="ignore"):
                self._known[end] = np.log2(counts) + self._origin / self.half_life_s
        return self._known[end]


def ours(train: Events, shape: tuple[int, int]) -> Scorer:
    """The product's sources, in its own measure."""
    counters = [Counters(train, shape[1], half_life) for half_life in HALF_LIVES_S]
    likes = matrix(train, shape)
    born = np.full(shape[1], np.inf)
    np.minimum.at(born, train.items, train.at_s)

    def scores(asked: Asked) -> Array:
        logs = np.stack([each.logs(asked.now_s) for each in counters], axis=1)
        there = born < asked.now_s
        now = np.where(there, rates(logs, asked.now_s - np.where(there, born, asked.now_s), asked.now_s), -1.0)
        found = np.zeros(shape[1])
        for rank, item in enumerate(np.argsort(-now, kind="stable")[:HOT]):
            found[item] += WEIGHTS["hot"] / (1 + rank / 8) if there[item] else 0
        newest = np.argsort(np.where(there, -born, np.inf), kind="stable")[:FRESH]
        found[newest[there[newest]]] += WEIGHTS["fresh"]
        liked = np.array(list(dict.fromkeys(asked.liked.tolist()))[:LIKED], dtype=np.int64)
        if len(liked):
            makers = likes[:, liked].sum(1) > 0
            makers[asked.user] = False
            together = likes[makers].sum(0)
            together[liked] = 0
            nearest = np.argsort(-together, kind="stable")[:NEAR]
            if together[nearest[0]] > 0:
                found[nearest] += WEIGHTS["near"] * together[nearest] / together[nearest[0]]
        return found

    return scores


BY_NAME: dict[str, Callable[[Events, tuple[int, int]], Scorer]] = {
    "ours": ours,
    "EASE": ease,
    "implicit ALS": als,
    "popularity": popularity,
    "heat": heat,
}
SPLITS = {"per user in time": per_user, "at one instant": at_an_instant}


def compared(events: Events, most: int, seed: int) -> Iterator[tuple[str, dict[str, float], dict[str, float]]]:
    """For each split its name, each one's mean NDCG, and that over readers who liked ``FEW`` things or fewer."""
    for name, split in SPLITS.items():
        train, every = split(events)
        rng = np.random.default_rng(seed)
        asked = [every[n] for n in rng.permutation(len(every))[:most]]
        means, few = {}, {}
        for each, made in BY_NAME.items():
            scorer = made(train, events.shape)
            got = [(ndcg(scorer(who), who, wanted), len(who.liked)) for who, wanted in asked]
            means[each] = float(np.mean([value for value, _ in got]))
            few[each] = float(np.mean([value for value, liked in got if liked <= FEW] or [0.0]))
        yield name, means, few
