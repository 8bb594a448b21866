"""Dividing a whole number in proportion to weights, so that the parts sum to it exactly. Pure, in integers.

The method of largest remainders (Hamilton's; Balinski & Young, *Fair Representation*, 1982): each party gets the whole
part of its exact quota ``total * weight / sum(weights)``, and the units left over, fewer than there are parties, go one
each to the largest remainders. Credit and money are divided by this and by nothing else.
"""

from collections.abc import Callable, Sequence
from typing import Any


def apportion(total: int, weights: Sequence[int], precedence: Callable[[int], Any]) -> list[int]:
    """``total`` (of any sign) in whole numbers, as ``weights`` are to their sum; the result sums to exactly ``total``.

    Args:
        precedence: of the party at an index, a value by which equal remainders are ordered, the least first. Values
            that differ for every party make the order total, so that every run divides alike.

    Raises:
        ValueError: a weight is below zero, or none is above.
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise ValueError("nothing can be divided by weights below zero, or by none above")
    quotas = [divmod(abs(total) * weight, whole) for weight in weights]
    parts = [part for part, _ in quotas]
    left = abs(total) - sum(parts)
    if left:
        for n in sorted(range(len(parts)), key=lambda n: (-quotas[n][1], precedence(n)))[:left]:
            parts[n] += 1
    return parts if total >= 0 else [-part for part in parts]
