"""Credit is divided exactly, whatever the touches and the amount."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.attribution.credit import MODELS, PPM, divide

touches = st.integers(1, 60)
amounts = st.integers(-(10**12), 10**12)


@pytest.mark.parametrize("model", MODELS)
@given(touches=touches)
def test_weights_sum_to_exactly_one(model: str, touches: int) -> None:
    weights = MODELS[model](touches)
    assert len(weights) == touches
    assert sum(weights) == 1
    assert all(weight >= 0 for weight in weights)


@pytest.mark.parametrize("model", MODELS)
@given(touches=touches, amount=amounts)
def test_parts_sum_to_exactly_the_whole_and_are_within_one_of_their_share(
    model: str, touches: int, amount: int
) -> None:
    weights = MODELS[model](touches)
    parts = divide(amount, weights)
    assert sum(parts) == amount
    assert all(abs(part - amount * weight) < 1 for part, weight in zip(parts, weights, strict=True))
    assert divide(-amount, weights) == [-part for part in parts]


@given(touches=touches)
def test_millionths_sum_to_a_million(touches: int) -> None:
    assert all(sum(divide(PPM, model(touches))) == PPM for model in MODELS.values())


def test_models_by_hand() -> None:
    assert MODELS["last"](3) == [0, 0, 1]
    assert MODELS["first"](3) == [1, 0, 0]
    assert MODELS["linear"](4) == [Fraction(1, 4)] * 4
    assert MODELS["position"](4) == [Fraction(2, 5), Fraction(1, 10), Fraction(1, 10), Fraction(2, 5)]
    assert MODELS["position"](2) == [Fraction(1, 2)] * 2
    assert all(model(1) == [1] for model in MODELS.values())


def test_the_last_unit_goes_to_the_later_touch() -> None:
    assert divide(100, MODELS["linear"](3)) == [33, 33, 34]


def test_weights_that_are_not_whole_are_refused() -> None:
    with pytest.raises(ValueError, match="sum to 1/2"):
        divide(10, [Fraction(1, 2)])
