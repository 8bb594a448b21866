"""Money is divided exactly, fairly, and the same way every time."""

import math
import random
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.earnings.division import NothingToDivideOver, divide

AMOUNTS = st.integers(0, 10**15)
WEIGHTS = st.dictionaries(st.uuids(), st.integers(0, 10**18), min_size=1, max_size=40)


@settings(max_examples=100)
@given(AMOUNTS, WEIGHTS.filter(lambda weights: sum(weights.values()) > 0))
def test_parts_sum_to_the_amount_and_stay_within_one_unit_of_the_quota(amount: int, weights: dict[UUID, int]) -> None:
    parts = divide(amount, weights)
    assert sum(parts.values()) == amount
    assert list(parts) == list(weights)
    total = sum(weights.values())
    for key, part in parts.items():
        assert abs(part - Fraction(amount * weights[key], total)) < 1
        assert part >= 0
        assert part == 0 or weights[key] > 0


def divided_again(amount: int, weights: dict[UUID, int]) -> dict[UUID, int]:
    """A second implementation: everybody gets what is whole of their quota, and each unit that is left goes to whoever
    is furthest below theirs, one after the other."""
    total = sum(weights.values())
    quotas = {key: Fraction(amount * weight, total) for key, weight in weights.items()}
    parts = {key: math.floor(quota) for key, quota in quotas.items()}
    while sum(parts.values()) < amount:
        furthest = max(weights, key=lambda key: (quotas[key] - parts[key], weights[key], -key.int))
        parts[furthest] += 1
    return parts


@settings(max_examples=100)
@given(AMOUNTS, WEIGHTS.filter(lambda weights: sum(weights.values()) > 0))
def test_a_second_implementation_divides_alike(amount: int, weights: dict[UUID, int]) -> None:
    assert divide(amount, weights) == divided_again(amount, weights)


@settings(max_examples=100)
@given(AMOUNTS, WEIGHTS.filter(lambda weights: sum(weights.values()) > 0), st.randoms())
def test_the_order_in_which_parties_are_listed_changes_nothing(
    amount: int, weights: dict[UUID, int], shuffler: random.Random
) -> None:
    items = list(weights.items())
    shuffler.shuffle(items)
    assert divide(amount, dict(items)) == divide(amount, weights)


@settings(max_examples=100)
@given(AMOUNTS, WEIGHTS.filter(lambda weights: sum(weights.values()) > 0))
def test_more_weight_never_gets_less(amount: int, weights: dict[UUID, int]) -> None:
    parts = divide(amount, weights)
    ranked = sorted(weights, key=lambda key: (weights[key], parts[key]))
    assert [parts[key] for key in ranked] == sorted(parts.values())


def test_ties_go_to_the_lesser_key() -> None:
    assert divide(100, {"c": 1, "a": 1, "b": 1}) == {"c": 33, "a": 34, "b": 33}


def test_one_creator_gets_everything() -> None:
    assert divide(9_999_999_999_999, {"only": 1}) == {"only": 9_999_999_999_999}


def test_nobody_with_a_view_is_said_so() -> None:
    assert divide(0, {"a": 0}) == {"a": 0}
    assert divide(0, {}) == {}
    with pytest.raises(NothingToDivideOver):
        divide(1, {"a": 0, "b": 0})
    with pytest.raises(NothingToDivideOver):
        divide(1, {})


def test_negative_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        divide(-1, {"a": 1})
    with pytest.raises(ValueError, match="negative"):
        divide(1, {"a": 2, "b": -1})


def test_of_equal_remainders_the_greater_weight_comes_first() -> None:
    small, great = UUID(int=1), UUID(int=2)
    assert divide(2, {small: 1, great: 3}) == {small: 0, great: 2}
    assert divide(1, {small: 1, great: 1}) == {small: 1, great: 0}, "and then the lesser key"
