"""Dividing money without losing or inventing any: the method of largest remainders, in integers.

Each party's exact quota is ``amount * weight / total``. Everybody gets the whole part; the minor units left over (fewer
than there are parties) go one each to the largest fractional parts (Hamilton's method; Balinski & Young, *Fair
Representation*, 1982). Equal fractions are settled by the greater weight, then by the lesser key: a total order, so
every engine and every run divides alike.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

K = TypeVar("K", bound=Any)


class NothingToDivideOver(ValueError):
    """No party has a weight, so no division of a positive amount exists."""


def divide(amount_minor: int, weights: Mapping[K, int]) -> dict[K, int]:
    """Parts of ``amount_minor`` in proportion to ``weights``; they sum to it exactly.

    Args:
        amount_minor: minor units, not negative.
        weights: a weight, not negative, for each party; keys must be comparable with each other.

    Returns:
        minor units for every party, in the order of ``weights``; a party without weight gets 0.

    Raises:
        ValueError: an amount or weight is negative.
        NothingToDivideOver: all weights are zero, the amount is not.
    """
    if amount_minor < 0 or any(weight < 0 for weight in weights.values()):
        raise ValueError("Amounts and weights must not be negative.")
    total = sum(weights.values())
    if total == 0:
        if amount_minor > 0:
            raise NothingToDivideOver("Every weight is zero.")
        return dict.fromkeys(weights, 0)
    parts = {key: amount_minor * weight // total for key, weight in weights.items()}
    left = amount_minor - sum(parts.values())
    for key in sorted(weights, key=lambda key: (-(amount_minor * weights[key] % total), -weights[key], key))[:left]:
        parts[key] += 1
    return parts
