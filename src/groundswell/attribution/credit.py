"""How a conversion is divided over the touches before it. Pure and exact: weights are fractions that sum to one.

Every model takes the path to the conversion, oldest touch first (at least one), and gives each touch's weight:

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
from fractions import Fraction
from math import lcm

MODELS_VERSION = 1
DEFAULT_MODEL = "last"
PPM = 1_000_000

ENDS = Fraction(2, 5)
MIDDLE = Fraction(1, 5)
HALF_LIFE_US = 7 * 86_400 * 1_000_000
DECAY_UNITS = 1 << 30
"""Decayed weights are whole numbers of this many units: exact from there on, and the same on every machine."""

Weights = list[Fraction]


@dataclass(frozen=True, slots=True)
class Step:
    """A touch as the models see it: how long before the conversion (microseconds), and by which channel."""

    age_us: int
    channel: str


@dataclass(frozen=True, slots=True)
class Path:
    """The touches that led to a conversion, oldest first; ``effects`` is what ``markov`` has learned, by channel."""

    steps: Sequence[Step]
    effects: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.steps)


def last_touch(path: Path) -> Weights:
    return [Fraction(0)] * (len(path) - 1) + [Fraction(1)]


def first_touch(path: Path) -> Weights:
    return [Fraction(1)] + [Fraction(0)] * (len(path) - 1)


def linear(path: Path) -> Weights:
    return [Fraction(1, len(path))] * len(path)


def position(path: Path) -> Weights:
    touches = len(path)
    if touches < 3:
        return linear(path)
    return [ENDS, *[MIDDLE / (touches - 2)] * (touches - 2), ENDS]


def time_decay(path: Path) -> Weights:
    youngest = min(step.age_us for step in path.steps)
    return in_proportion([round(DECAY_UNITS * 2 ** ((youngest - step.age_us) / HALF_LIFE_US)) for step in path.steps])


def shapley(path: Path) -> Weights:
    touches_of = Counter(step.channel for step in path.steps)
    return [Fraction(1, len(touches_of) * touches_of[step.channel]) for step in path.steps]


def markov(path: Path) -> Weights:
    effects = [max(0, path.effects.get(step.channel, 0)) for step in path.steps]
    return in_proportion(effects) if any(effects) else linear(path)


MODELS: dict[str, Callable[[Path], Weights]] = {
    "last": last_touch,
    "first": first_touch,
    "linear": linear,
    "position": position,
    "time_decay": time_decay,
    "shapley": shapley,
    "markov": markov,
}


def in_proportion(parts: Sequence[int]) -> Weights:
    """Weights as ``parts`` (at least one above zero) are to their sum."""
    whole = sum(parts)
    return [Fraction(part, whole) for part in parts]


def divide(total: int, weights: Sequence[Fraction]) -> list[int]:
    """``total`` (of any sign) in whole parts by ``weights``, which sum to one: the parts sum to exactly ``total``.

    Largest remainder (Hamilton's method): each part is rounded down, and what is left goes one by one to the largest
    remainders, the later touch first among equals.
    """
    whole = lcm(*[weight.denominator for weight in weights])  # in whole numbers: fractions of fractions are slow
    shares = [weight.numerator * (whole // weight.denominator) for weight in weights]
    if sum(shares) != whole:
        raise ValueError(f"the weights sum to {Fraction(sum(shares), whole)}, not to one")
    sign = -1 if total < 0 else 1
    divided = [divmod(abs(total) * share, whole) for share in shares]
    parts = [part for part, _ in divided]
    by_remainder = sorted(range(len(parts)), key=lambda n: (divided[n][1], n), reverse=True)
    for n in by_remainder[: abs(total) - sum(parts)]:
        parts[n] += 1
    return [sign * part for part in parts]
