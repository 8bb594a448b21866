"""How a conversion is divided over the touches before it. Pure and exact: weights are whole parts of their sum.

Every model takes the path to the conversion, oldest touch first (at least one), and gives each touch's parts:

- ``last``: all to the last touch. ``first``: all to the first.
- ``linear``: the same to each.
- ``position``: 40 % to the first, 40 % to the last, 20 % over those between ("U-shaped"; the position-based model
  of Google Analytics). With two touches half each, with one all.
- ``time_decay``: a touch counts half as much as one that came a half-life of seven days later (the time-decay model of
  Google Analytics, with its default half-life).
- ``shapley``: the Shapley value of the channels, each channel's equally to its touches. Where the worth of a set of
  channels is the number of conversions whose paths use no other, every conversion is worth the same to each channel on
  its path (Zhao, Mahboobi and Bagheri 2018, "Shapley Value Methods for Attribution Modeling in Online Advertising",
  arXiv:1804.05327, eq. 10), so that it can be told from the one path, exactly.
- ``markov``: in proportion to what conversions would be lost without the touch's channel, which is learned from many
  paths (``markov.py``; Anderl, Becker, von Wangenheim and Schumann 2016, doi:10.1016/j.ijresmar.2016.03.001). While
  nothing has been learned about any channel of the path, as ``linear``.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import lcm

from groundswell.platform.apportionment import apportion, apportion_further

MODELS_VERSION = 1
DEFAULT_MODEL = "last"
PPM = 1_000_000

ENDS, MIDDLE = 2, 1
"""Of ``position``: the first and the last have twice what all between have together."""

HALF_LIFE_US = 7 * 86_400 * 1_000_000
DECAY_UNITS = 1 << 30
"""Decayed weights are whole numbers of this many units: exact from there on, and the same on every machine."""

Parts = list[int]
"""A touch's weight is its part of the sum of all (above zero): exact, as fractions are, and far quicker."""


@dataclass(frozen=True, slots=True)
class PathStep:
    """A touch as the models see it: how long before the conversion (microseconds), and by which channel."""

    age_us: int
    channel: str


@dataclass(frozen=True, slots=True)
class Path:
    """The touches that led to a conversion, oldest first; ``effects`` is what ``markov`` has learned, by channel."""

    steps: Sequence[PathStep]
    effects: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.steps)


def last_touch(path: Path) -> Parts:
    return [0] * (len(path) - 1) + [1]


def first_touch(path: Path) -> Parts:
    return [1] + [0] * (len(path) - 1)


def linear(path: Path) -> Parts:
    return [1] * len(path)


def position(path: Path) -> Parts:
    between = len(path) - 2
    if between < 1:
        return linear(path)
    return [ENDS * between, *[MIDDLE] * between, ENDS * between]


def time_decay(path: Path) -> Parts:
    youngest = min(step.age_us for step in path.steps)
    return [round(DECAY_UNITS * 2 ** ((youngest - step.age_us) / HALF_LIFE_US)) for step in path.steps]


def shapley(path: Path) -> Parts:
    touches_of = Counter(step.channel for step in path.steps)
    whole = lcm(*touches_of.values())
    return [whole // touches_of[step.channel] for step in path.steps]


def markov(path: Path) -> Parts:
    effects = [max(0, path.effects.get(step.channel, 0)) for step in path.steps]
    return effects if any(effects) else linear(path)


Model = Callable[[Path], Parts]
MODELS: dict[str, Model] = {
    "last": last_touch,
    "first": first_touch,
    "linear": linear,
    "position": position,
    "time_decay": time_decay,
    "shapley": shapley,
    "markov": markov,
}

VERSIONS: dict[int, Mapping[str, Model]] = {MODELS_VERSION: MODELS}
"""Every version that a campaign may have been made under: an older one stays here when a newer one comes."""


def divide(total: int, parts: Sequence[int]) -> list[int]:
    """``total`` apportioned by ``parts`` (see ``platform/apportionment.py``), the later touch first among equals.

    Raises:
        ValueError: a part is below zero, or none is above.
    """
    return apportion(total, parts, lambda n: -n)


def take_further(total: int, parts: Sequence[int], before: Sequence[int]) -> list[int]:
    """``total``, of which ``before`` was taken already, taken by ``parts``: nothing is given back to a touch.

    Raises:
        ValueError: a part is below zero, or none is above; or ``before`` sums to more than ``total``.
    """
    return apportion_further(total, parts, before, lambda n: -n)
