"""The rankings that are compared: ours, and others' formulas as they publish them, over what was counted by an hour."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groundswell.discovery import rate

Values = NDArray[np.float64]
HOUR_S = 3_600
DAY_HALF_LIFE_S = 86_400
OURS = "ours: three half-lives"
LANDED = "one half-life of 24 h"
COUNT = "24 h count"


@dataclass(frozen=True)
class Counted:
    """What is known of ``n`` items at an instant. ``decayed``: half-life in seconds → votes, each halved every
    half-life. ``day`` and ``week`` are votes of the last 24 hours and 7 days. Ages in hours."""

    now_s: float
    begun_s: Values
    votes: Values
    day: Values
    week: Values
    decayed: dict[int, Values]

    @property
    def age_h(self) -> Values:
        return np.maximum((self.now_s - self.begun_s) / HOUR_S, 1e-3)


def ours(seen: Counted, decayed: dict[int, Values] | None = None) -> Values:
    """The product's own function, on counters as the product keeps them."""
    held = decayed or seen.decayed
    with np.errstate(divide="ignore"):
        logs = [np.log2(held[each]) + seen.now_s / each for each in rate.HALF_LIVES_S]
    return rate.rates(np.stack(logs, axis=1), seen.now_s - seen.begun_s, seen.now_s)


def reddit(seen: Counted) -> Values:
    """``_sorts.pyx`` of reddit's published source: log10 of the score, and a point for each 12.5 hours."""
    return np.log10(np.maximum(seen.votes, 1)) + seen.begun_s / 45_000


def hacker_news(seen: Counted) -> Values:
    """``news.arc``: (points - 1) ** 0.8 / (age + 2) ** 1.8."""
    return np.maximum(seen.votes - 1, 0) ** 0.8 / (seen.age_h + 2) ** 1.8


def lemmy(seen: Counted) -> Values:
    """``hot_rank`` of Lemmy's migrations; nothing after a week."""
    return np.where(seen.age_h < 168, np.log10(np.maximum(2, seen.votes + 2)) / (seen.age_h + 2) ** 1.8, 0)


def mastodon(seen: Counted) -> Values:
    """``Trends::Statuses``: at least five, squared over the expected, halved every two hours."""
    return np.where(seen.votes >= 5, (seen.votes - 1) ** 2 * 0.5 ** (seen.age_h / 2), 0)


def discourse(seen: Counted) -> Values:
    """``TopTopic``'s hot score: all likes over age, and those of late over the shorter age."""
    late = np.where(seen.week > 0, np.maximum(2 * seen.week - 1, 0), 0)
    return seen.votes / (seen.age_h + 2) ** 1.2 + late / (np.minimum(seen.age_h, 168) + 2) ** 1.2


NAMED: dict[str, Callable[[Counted], Values]] = {
    "Reddit": reddit,
    "Hacker News": hacker_news,
    "Lemmy": lemmy,
    "Mastodon": mastodon,
    "Discourse": discourse,
}
RANKINGS: dict[str, Callable[[Counted], Values]] = {
    OURS: ours,
    LANDED: lambda seen: seen.decayed[DAY_HALF_LIFE_S],
    COUNT: lambda seen: seen.day,
    **NAMED,
}
