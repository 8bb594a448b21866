"""A whole is divided so that its parts sum to it, whatever it is divided for; and by one function alone."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.attribution.models import divide as divide_credit
from groundswell.earnings.division import divide as divide_money
from groundswell.platform.apportionment import apportion, apportion_further

WEIGHTS = st.lists(st.integers(0, 10**18), min_size=1, max_size=40).filter(lambda weights: sum(weights) > 0)


@settings(max_examples=100)
@given(st.integers(-(10**15), 10**15), WEIGHTS)
def test_parts_sum_to_the_whole_and_stay_within_one_of_the_quota(total: int, weights: list[int]) -> None:
    parts = apportion(total, weights, lambda n: n)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(total * weight, sum(weights))) < 1
        assert part == 0 or weight > 0
        assert part * total >= 0


@settings(max_examples=100)
@given(st.integers(0, 10**6), WEIGHTS)
def test_precedence_decides_among_equal_remainders_alone(total: int, weights: list[int]) -> None:
    forwards, backwards = apportion(total, weights, lambda n: n), apportion(total, weights, lambda n: -n)
    whole = sum(weights)
    for n, (one, other) in enumerate(zip(forwards, backwards, strict=True)):
        if one != other:
            rest = total * weights[n] % whole
            assert sum(total * weight % whole == rest for weight in weights) > 1


@settings(max_examples=100)
@given(st.integers(0, 10**15), WEIGHTS)
def test_credit_and_money_differ_in_their_ties_alone(total: int, weights: list[int]) -> None:
    credit, money = divide_credit(total, weights), divide_money(total, dict(enumerate(weights)))
    assert sum(credit) == sum(money.values()) == total
    assert all(abs(a - b) <= 1 for a, b in zip(credit, money.values(), strict=True))


@settings(max_examples=100)
@given(st.lists(st.integers(0, 3_000), min_size=1, max_size=8), WEIGHTS)
def test_nobody_has_less_when_there_is_more_to_divide(steps: list[int], weights: list[int]) -> None:
    total, before = 0, [0] * len(weights)
    for step in steps:
        total += step
        parts = apportion_further(total, weights, before, lambda n: -n)
        assert sum(parts) == total
        assert all(part >= had for part, had in zip(parts, before, strict=True))
        for part, weight in zip(parts, weights, strict=True):
            assert part == 0 or weight > 0
            assert part < Fraction(total * weight, sum(weights)) + 1
        before = parts
    whole = sum(weights)
    assert apportion_further(whole, weights, [0] * len(weights), lambda n: n) == weights


@settings(max_examples=100)
@given(st.integers(0, 10**15), WEIGHTS)
def test_where_nothing_was_given_it_is_the_same(total: int, weights: list[int]) -> None:
    nothing = [0] * len(weights)
    assert apportion_further(total, weights, nothing, lambda n: -n) == apportion(total, weights, lambda n: -n)


def test_one_more_to_divide_takes_from_nobody() -> None:
    """Of 7 given as 3, 1 and 3: the first of four taken one by one has the last touch, as the second would not."""
    taken = [0, 0, 0]
    for total in range(1, 8):
        further = apportion_further(total, [3, 1, 3], taken, lambda n: -n)
        assert all(now >= then for now, then in zip(further, taken, strict=True))
        taken = further
    assert taken == [3, 1, 3]
    with pytest.raises(ValueError, match="less is to be divided"):
        apportion_further(1, [1, 1], [2, 0], lambda n: n)


def test_ties() -> None:
    assert apportion(100, [1, 1, 1], lambda n: n) == [34, 33, 33]
    assert apportion(-100, [1, 1, 1], lambda n: -n) == [-33, -33, -34]
    assert divide_credit(2, [1, 1, 1]) == [0, 1, 1], "the later touch first"


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1], [3, -1], [-1, 3]])
def test_what_cannot_be_divided_is_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="nothing can be divided"):
        apportion(1, weights, lambda n: n)
    with pytest.raises(ValueError, match="nothing can be divided"):
        apportion_further(1, weights, [0] * len(weights), lambda n: n)
