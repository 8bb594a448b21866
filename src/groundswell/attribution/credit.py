"""How a conversion is divided over the touches before it. Pure and exact: weights are fractions that sum to one.

Every model takes the number of touches, oldest first (at least one), and gives each touch's weight:

- ``last``: all to the last touch. ``first``: all to the first.
- ``linear``: the same to each.
- ``position``: 40 % to the first, 40 % to the last, 20 % over those between ("U-shaped"; the position-based model
  of Google Analytics). With two touches half each, with one all.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction

MODELS_VERSION = 1
DEFAULT_MODEL = "last"
PPM = 1_000_000

ENDS = Fraction(2, 5)
MIDDLE = Fraction(1, 5)

Weights = list[Fraction]


def last_touch(touches: int) -> Weights:
    return [Fraction(0)] * (touches - 1) + [Fraction(1)]


def first_touch(touches: int) -> Weights:
    return [Fraction(1)] + [Fraction(0)] * (touches - 1)


def linear(touches: int) -> Weights:
    return [Fraction(1, touches)] * touches


def position(touches: int) -> Weights:
    if touches < 3:
        return linear(touches)
    return [ENDS, *[MIDDLE / (touches - 2)] * (touches - 2), ENDS]


MODELS: dict[str, Callable[[int], Weights]] = {
    "last": last_touch,
    "first": first_touch,
    "linear": linear,
    "position": position,
}


def divide(total: int, weights: Sequence[Fraction]) -> list[int]:
    """``total`` (of any sign) in whole parts by ``weights``, which sum to one: the parts sum to exactly ``total``.

    Largest remainder (Hamilton's method): each part is rounded down, and what is left goes one by one to the largest
    remainders, the later touch first among equals.
    """
    if sum(weights) != 1:
        raise ValueError(f"the weights sum to {sum(weights)}, not to one")
    sign = -1 if total < 0 else 1
    exact = [abs(total) * weight for weight in weights]
    parts = [int(part) for part in exact]
    by_remainder = sorted(range(len(parts)), key=lambda n: (exact[n] - parts[n], n), reverse=True)
    for n in by_remainder[: abs(total) - sum(parts)]:
        parts[n] += 1
    return [sign * part for part in parts]
