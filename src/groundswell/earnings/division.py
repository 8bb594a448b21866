"""Dividing a pool without losing or inventing any: by largest remainders (see ``platform/apportionment.py``).

Equal remainders are settled by the greater weight, then by the lesser key: a total order, so every engine and every run
divides alike.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from groundswell.platform.apportionment import apportion

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
    if sum(weights.values()) == 0:
        if amount_minor > 0:
            raise NothingToDivideOver("Every weight is zero.")
        return dict.fromkeys(weights, 0)
    keys, shares = list(weights), list(weights.values())
    return dict(zip(keys, apportion(amount_minor, shares, lambda n: (-shares[n], keys[n])), strict=True))
