"""What For you puts first, beside EASE, implicit ALS, popularity and heat, over who liked what and when.

Ours is the product's own (``for_you.taste``) over events instead of tables: the rate of votes now,
all votes, what people clipped who clipped the same, in the blend that a validation cut chooses. Nothing is drawn: the
scores' order is judged, without what is only known of a running service (how a scene did lately, titles in progress).
"""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from groundswell.discovery.for_you.taste import Counters, Cut, LikedUntil, Likes, at_an_instant, foretold, learned, ndcg

Array = NDArray[np.float64]
Scorer = Callable[[LikedUntil], Array]

FEW = 10
DAY_S = 86_400.0
EASE_L2, ALS_FACTORS, ALS_ROUNDS, ALS_L2, ALS_ALPHA = 200.0, 32, 8, 5.0, 20.0


def generated(
    seed: int, *, lasting: bool = False, users: int = 2_000, items: int = 800, events: int = 40_000, days: int = 60
) -> Likes:
    """Readers with tastes of eight kinds, items of one or two, that appear over time and burst for about a day; or, if
    ``lasting``, were there before and stay as good as they were. Few like a thing twice."""
    rng = np.random.default_rng(seed)
    taste = rng.dirichlet(np.full(8, 0.3), users)
    kind = rng.dirichlet(np.full(8, 0.15), items)
    appears = rng.uniform(-20, 0 if lasting else days, items)
    fame = rng.pareto(1.3, items) + 0.2
    activity = np.minimum(rng.pareto(1.2, users) + 0.3, 20)
    when = np.sort(rng.uniform(0, days, events))
    who = rng.choice(users, events, p=activity / activity.sum())
    what = np.empty(events, dtype=np.int64)
    match = taste @ kind.T
    for n, (user, day) in enumerate(zip(who, when, strict=True)):
        age = day - appears
        wanted = match[user] * fame * np.where(age > 0, 1.0 if lasting else 0.05 + np.exp2(-np.maximum(age, 0)), 0.0)
        what[n] = rng.choice(items, p=wanted / wanted.sum())
        match[user, what[n]] *= 0.02
    return Likes(who.astype(np.int64), what, when * DAY_S + 1.7e9, (users, items))


def read(path: Path) -> Likes:
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
    at_s = np.array([at for *_, at in rows])
    return Likes(numbers[:, 0], numbers[:, 1], at_s, (len(users), len(items)))


def per_user(events: Likes) -> tuple[Likes, list[tuple[LikedUntil, set[int]]]]:
    """Of each reader the last fifth of what they liked is asked for, as of when it began."""
    places: defaultdict[int, list[int]] = defaultdict(list)
    for n, user in enumerate(events.people):
        places[int(user)].append(n)
    train, asked = np.ones(len(events.people), dtype=bool), []
    for user, theirs in places.items():
        if len(theirs) < 5:
            continue
        cut = len(theirs) - max(1, len(theirs) // 5)
        train[theirs[cut:]] = False
        liked = events.things[theirs[:cut]]
        wanted = set(events.things[theirs[cut:]].tolist()) - set(liked.tolist())
        if wanted:
            asked.append((LikedUntil(user, liked[::-1], float(events.at_s[theirs[cut]])), wanted))
    return events.where(train), asked


def matrix(events: Likes, shape: tuple[int, int]) -> Array:
    found = np.zeros(shape)
    found[events.people, events.things] = 1.0
    return found


def popularity(train: Likes, shape: tuple[int, int]) -> Scorer:
    counts = np.bincount(train.things, minlength=shape[1]).astype(np.float64)
    return lambda asked: counts


def heat(train: Likes, shape: tuple[int, int]) -> Scorer:
    """Votes that halve in a day, as they are when it is asked."""
    counters = Counters(train, DAY_S)
    return lambda asked: counters.logs(asked.now_s)


def ease(train: Likes, shape: tuple[int, int]) -> Scorer:
    """Embarrassingly shallow autoencoders (Steck, WWW 2019)."""
    likes = matrix(train, shape)
    inverse = np.linalg.inv(likes.T @ likes + EASE_L2 * np.eye(shape[1]))
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return lambda asked: likes[asked.person] @ weights


def als(train: Likes, shape: tuple[int, int]) -> Scorer:
    """Implicit feedback by alternating least squares (Hu, Koren & Volinsky, ICDM 2008), as ``implicit`` has it."""
    likes, rng = matrix(train, shape), np.random.default_rng(1)
    users, items = (rng.normal(0, 0.1, (count, ALS_FACTORS)) for count in shape)
    for _ in range(ALS_ROUNDS):
        users = _solved(likes, items)
        items = _solved(likes.T, users)
    return lambda asked: users[asked.person] @ items.T


def _solved(likes: Array, others: Array) -> Array:
    gram = others.T @ others + ALS_L2 * np.eye(others.shape[1])
    found = np.zeros((likes.shape[0], others.shape[1]))
    for n, row in enumerate(likes):
        mine = others[row > 0]
        if len(mine):
            found[n] = np.linalg.solve(gram + ALS_ALPHA * mine.T @ mine, (1 + ALS_ALPHA) * mine.sum(0))
    return found


def ours(train: Likes, cut: Cut) -> Scorer:
    """The product's, in the blend that does best on a cut of what it may know, like the one it is judged on."""
    return foretold(train, learned(train, cut))


OTHERS: dict[str, Callable[[Likes, tuple[int, int]], Scorer]] = {
    "EASE": ease,
    "implicit ALS": als,
    "popularity": popularity,
    "heat": heat,
}
SPLITS: dict[str, Cut] = {"per user in time": per_user, "at one instant": at_an_instant}


def compared(events: Likes, most: int, seed: int) -> Iterator[tuple[str, dict[str, float], dict[str, float]]]:
    """For each split its name, each one's mean NDCG, and that over readers who liked ``FEW`` things or fewer."""
    for name, split in SPLITS.items():
        train, every = split(events)
        rng = np.random.default_rng(seed)
        asked = [every[n] for n in rng.permutation(len(every))[:most]]
        means, few = {}, {}
        scorers = {"ours": ours(train, split)}
        scorers |= {other: made(train, events.shape) for other, made in OTHERS.items()}
        for each, scorer in scorers.items():
            got = [(ndcg(scorer(who), who, wanted), len(who.liked)) for who, wanted in asked]
            means[each] = float(np.mean([value for value, _ in got]))
            few[each] = float(np.mean([value for value, liked in got if liked <= FEW] or [0.0]))
        yield name, means, few
