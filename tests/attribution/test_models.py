"""Credit is divided exactly, whatever the path and the amount."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.attribution.models import HALF_LIFE_US, MODELS, PPM, Path, PathStep, divide

steps = st.builds(
    PathStep, st.integers(0, 365 * 86_400 * 10**6), st.sampled_from(["whatsapp", "x", "copy", "qr", "code"])
)
effects = st.dictionaries(st.sampled_from(["whatsapp", "x", "copy"]), st.integers(-1, PPM))
paths = st.builds(Path, st.lists(steps, min_size=1, max_size=60), effects)
amounts = st.integers(-(10**12), 10**12)


def path(*channels: str, days: float = 1, **effects: int) -> Path:
    """A path with a touch every so many days."""
    ages = [round((len(channels) - n) * days * 86_400 * 10**6) for n in range(len(channels))]
    return Path([PathStep(age, channel) for age, channel in zip(ages, channels, strict=True)], effects)


def weights_of(model: str, path: Path) -> list[Fraction]:
    """What ``model`` gives each touch, as parts of one."""
    parts = MODELS[model](path)
    return [Fraction(part, sum(parts)) for part in parts]


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=100)
@given(path=paths)
def test_weights_sum_to_exactly_one(model: str, path: Path) -> None:
    weights = weights_of(model, path)
    assert len(weights) == len(path)
    assert sum(weights) == 1
    assert all(weight >= 0 for weight in weights)


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=100)
@given(path=paths, amount=amounts)
def test_parts_sum_to_exactly_the_whole_and_are_within_one_of_their_share(model: str, path: Path, amount: int) -> None:
    weights = weights_of(model, path)
    parts = divide(amount, MODELS[model](path))
    assert sum(parts) == amount
    assert all(abs(part - amount * weight) < 1 for part, weight in zip(parts, weights, strict=True))
    assert divide(-amount, MODELS[model](path)) == [-part for part in parts]


@settings(max_examples=100)
@given(path=paths)
def test_millionths_sum_to_a_million(path: Path) -> None:
    assert all(sum(divide(PPM, model(path))) == PPM for model in MODELS.values())


def test_models_by_hand() -> None:
    assert weights_of("last", path(*"abc")) == [0, 0, 1]
    assert weights_of("first", path(*"abc")) == [1, 0, 0]
    assert weights_of("linear", path(*"abcd")) == [Fraction(1, 4)] * 4
    assert weights_of("position", path(*"abcd")) == [Fraction(2, 5), Fraction(1, 10), Fraction(1, 10), Fraction(2, 5)]
    assert weights_of("position", path(*"abc")) == [Fraction(2, 5), Fraction(1, 5), Fraction(2, 5)]
    assert weights_of("position", path(*"ab")) == [Fraction(1, 2)] * 2
    assert all(weights_of(model, path("a")) == [1] for model in MODELS)


def test_a_half_life_halves() -> None:
    assert weights_of("time_decay", path(*"abc", days=7)) == [Fraction(1, 7), Fraction(2, 7), Fraction(4, 7)]
    assert weights_of("time_decay", Path([PathStep(100 * HALF_LIFE_US, "x"), PathStep(0, "x")])) == [0, 1]


@settings(max_examples=100)
@given(path=paths)
def test_a_later_touch_never_decays_more(path: Path) -> None:
    ordered = Path(sorted(path.steps, key=lambda step: -step.age_us))
    weights = weights_of("time_decay", ordered)
    assert weights == sorted(weights)


def test_shapley_is_fair_to_channels_and_then_to_their_touches() -> None:
    assert weights_of("shapley", path("x", "x", "qr")) == [Fraction(1, 4), Fraction(1, 4), Fraction(1, 2)]


@settings(max_examples=100)
@given(path=paths)
def test_shapley_gives_every_channel_the_same(path: Path) -> None:
    weights = weights_of("shapley", path)
    by_channel = {
        step.channel: sum(w for w, other in zip(weights, path.steps, strict=True) if other.channel == step.channel)
        for step in path.steps
    }
    assert len(set(by_channel.values())) == 1


def test_markov_follows_what_was_learned() -> None:
    assert weights_of("markov", path("x", "qr", x=600_000, qr=200_000)) == [Fraction(3, 4), Fraction(1, 4)]
    assert weights_of("markov", path("x", "qr", copy=500_000)) == [Fraction(1, 2)] * 2
    assert weights_of("markov", path("x", "qr", x=0, qr=7)) == [0, 1]
    assert weights_of("markov", path("x", "qr", qr=7)) == [0, 1], "nothing was learned of the other"


def test_the_last_unit_goes_to_the_later_touch() -> None:
    assert divide(100, weights_of("linear", path(*"abc"))) == [33, 33, 34]


@pytest.mark.parametrize("parts", [[0, 0], [2, -1], [-1, 0]])
def test_what_cannot_be_divided_by_is_refused(parts: list[int]) -> None:
    with pytest.raises(ValueError, match="below zero"):
        divide(10, parts)
