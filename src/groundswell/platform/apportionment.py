"""Dividing a whole number in proportion to weights, so that the parts sum to it exactly. Pure, in integers.

The method of largest remainders (Hamilton's; Balinski & Young, *Fair Representation*, 1982): each party gets the whole
part of its exact quota ``total * weight / sum(weights)``, and the units left over, fewer than there are parties, go one
each to the largest remainders. Credit and money are divided by this and by nothing else; what is divided little by
little, by ``apportion_further``.
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


def apportion_further(
    total: int, weights: Sequence[int], before: Sequence[int], precedence: Callable[[int], Any]
) -> list[int]:
    """``total`` apportioned, of which ``before`` was given already: nobody has less than they had.

    The method of largest remainders alone may take a unit from one party when there is one more to divide (the Alabama
    paradox; Balinski & Young, chapter 5). Here whoever has more than their quota keeps it, and who would come by the
    last units waits. So a part may be a unit further from its quota than by the method alone, for as long as that
    lasts; where quotas are whole, each has theirs.

    Args:
        total: at least what ``before`` sums to.
        before: what earlier, smaller totals gave by the same weights; none below zero.
        precedence: as for ``apportion``.

    Raises:
        ValueError: a weight is below zero, or none is above; or less is to be divided than was given.
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise ValueError("nothing can be divided by weights below zero, or by none above")
    if total < sum(before):
        raise ValueError("less is to be divided than was given")
    quotas = [divmod(total * weight, whole) for weight in weights]
    parts = [max(had, part) for had, (part, _) in zip(before, quotas, strict=True)]
    order = sorted(range(len(parts)), key=lambda n: (-quotas[n][1], precedence(n)))
    if (left := total - sum(parts)) > 0:
        for n in [n for n in order if parts[n] == quotas[n][0]][:left]:
            parts[n] += 1
    while (over := sum(parts) - total) > 0:
        for n in [n for n in reversed(order) if parts[n] > before[n]][:over]:
            parts[n] -= 1
    return parts
