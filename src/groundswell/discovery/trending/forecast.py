"""How many votes a wave will have had in the end, from those that have come. Pure.

A vote at ``t`` by somebody who reaches ``d`` others brings further ones at the rate ``p * d * phi(s - t)``: ``phi`` is
the density of human reaction times, constant for five minutes, then falling as a power. SEISMIC (Zhao, Erdogdu, He,
Rajaraman & Leskovec, *SEISMIC: A Self-Exciting Point Process Model for Predicting Tweet Popularity*, KDD 2015)
estimates the infectiousness ``p`` from the last votes, each weighed by a triangular kernel (the more recent, the more),
over what the reach of all would have brought for ``p = 1``; and from it what is still to come,

    R(oo) = R(t) + alpha * p * sum of d_i * (1 - Phi(t - t_i)) / (1 - gamma * p)

where ``gamma * p`` is how many votes each brings, at 1 of which the process is critical and the sum has no end: then
there is no estimate. ``Phi`` and its integral have closed forms, so one estimate costs a pass over the votes; beyond
``EXACT`` they are put together by age first.

Beside it stands a ridge regression of the logarithm of what is to come on that estimate's parts, and on how many votes
came when. The answer is the geometric mean of the two. Its interval is that of the errors made on waves that it was not
trained on, in four cases of five. Constants are trained by ``scripts/forecast_model.py``, and stand in
``forecast_model.json`` with where they came from.
"""

import json
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Values = NDArray[np.float64]
State = Literal["too_early", "growing", "forecast", "over"]

CUTOFF_S: Final = 300.0
POWER: Final = 0.2314843
LEVEL: Final = POWER / (CUTOFF_S * (1 + POWER))
"""``phi`` within ``CUTOFF_S``, so that its integral is 1; the power was measured by SEISMIC's authors."""

WINDOW_MAX_S, WINDOW_MIN_S, WINDOW_VOTES = 7_200.0, 300.0, 5
"""Infectiousness is that of the last half of the time, at most two hours, with five votes in it if there are any."""

EXACT = 512
MIN_S, TRAINED_S, END_S = 600.0, 86_400.0, 7 * 86_400.0
"""A wave has no estimate before ten minutes and is over after a week; beyond a day the constants are those of a day."""

MODEL: Final = Path(__file__).with_name("forecast_model.json")


@dataclass(frozen=True)
class WaveEstimate:
    """``seen`` so far and ``expected`` in the end, in four cases of five from ``low`` to ``high``. ``error`` is by how
    much, of the true number, estimates of waves of this age were wrong on waves not trained on (the median)."""

    state: State
    seen: int
    expected: float | None = None
    low: float | None = None
    high: float | None = None
    error: float | None = None


@dataclass(frozen=True)
class Horizon:
    """The constants at one age: SEISMIC's, the ridge's (with the features' means and deviations), the logarithms that
    the interval adds, and the error."""

    age_s: float
    alpha: float
    gamma: float
    means: Values
    deviations: Values
    weights: Values
    low: float
    high: float
    error: float


@dataclass(frozen=True)
class Wave:
    """What is seen of a wave at an age: votes, the infectiousness, what they still bring directly, and the features of
    the ridge."""

    seen: int
    infectiousness: float
    direct: float
    features: Values


def reacted(ages_s: Values) -> Values:
    """``Phi``: the part of those who react at all that has reacted at an age."""
    later = np.maximum(ages_s, CUTOFF_S)
    tail = 1 - LEVEL * CUTOFF_S / POWER * (later / CUTOFF_S) ** -POWER
    return np.where(ages_s <= CUTOFF_S, LEVEL * np.maximum(ages_s, 0.0), tail)


def reacted_sum(ages_s: Values) -> Values:
    """The integral of ``reacted`` from 0."""
    later = np.maximum(ages_s, CUTOFF_S)
    tail = LEVEL * CUTOFF_S**2 / (POWER * (1 - POWER)) * ((later / CUTOFF_S) ** (1 - POWER) - 1)
    beyond = LEVEL * CUTOFF_S**2 / 2 + (later - CUTOFF_S) - tail
    early = np.clip(ages_s, 0.0, CUTOFF_S)
    return np.where(ages_s <= CUTOFF_S, LEVEL * early**2 / 2, beyond)


def observe(times_s: ArrayLike, reaches: ArrayLike | None, age_s: float) -> Wave:
    """What is seen ``age_s`` after a wave began.

    Args:
        times_s: of each vote since the first, ascending; the first, at 0, began it and is not counted.
        reaches: how many each voter reaches; None: not known, all alike.
    """
    every = np.asarray(times_s, dtype=np.float64)
    there = int(np.searchsorted(every, age_s))
    times = every[:there]
    reach = np.ones(there) if reaches is None else np.asarray(reaches, dtype=np.float64)[:there]
    seen = max(there - 1, 0)
    window = max(min(age_s / 2, WINDOW_MAX_S), WINDOW_MIN_S)
    if there and times[-min(WINDOW_VOTES, there)] < age_s - window:
        window = age_s - float(times[-min(WINDOW_VOTES, there)]) + 1.0
    ages, reach = _by_age(age_s - times, reach)
    would_have = (reach * (reacted(ages) - (reacted_sum(ages) - reacted_sum(ages - window)) / window)).sum()
    recent = times[1:][np.searchsorted(times[1:], age_s - window) :]
    came = float((1 - (age_s - recent) / window).sum())
    infectiousness = came / float(would_have) if would_have > 0 else 0.0
    direct = infectiousness * float((reach * (1 - reacted(ages))).sum())

    def within(begin: float, end: float) -> int:
        low, high = np.searchsorted(times[1:], [begin * age_s, end * age_s])
        return int(high - low)

    centre = age_s - float(times[1:].mean()) if seen else age_s
    features = [
        math.log1p(seen),
        math.log1p(direct),
        math.log(infectiousness + 1e-6),
        math.log1p(within(0.75, 1)),
        math.log1p(within(0.9, 1)),
        math.log1p(within(0, 0.5)),
        math.log(max(centre, 1.0)),
    ]
    if reaches is not None:
        features += [math.log1p(float(reach.sum())), math.log1p(float(np.asarray(reaches, dtype=np.float64)[0]))]
    return Wave(seen, infectiousness, direct, np.asarray(features))


def _by_age(ages: Values, reach: Values) -> tuple[Values, Values]:
    """Votes put together by age, where there are many: finely where they are recent."""
    if len(ages) <= EXACT:
        return ages, reach
    rising = ages[::-1]
    edges = np.unique(np.searchsorted(rising, np.geomspace(1.0, float(rising[-1]) + 1.0, EXACT // 2)))
    begins = np.concatenate(([0], edges[(edges > 0) & (edges < len(rising))]))
    sums = np.add.reduceat(reach[::-1], begins)
    centres = np.add.reduceat(rising * reach[::-1], begins) / np.maximum(sums, 1e-12)
    return centres[sums > 0], sums[sums > 0]


def seismic(wave: Wave, alpha: float, gamma: float) -> float | None:
    """SEISMIC's estimate of the end; None at or above criticality."""
    brings = gamma * wave.infectiousness
    return None if brings >= 1 else wave.seen + alpha * wave.direct / (1 - brings)


def ridge(wave: Wave, horizon: Horizon) -> float:
    """The regression's estimate of the end."""
    standard = (wave.features - horizon.means) / horizon.deviations
    grows = horizon.weights[0] + float(standard @ horizon.weights[1:])
    return max(wave.seen, 1) * math.exp(max(grows, 0.0))


def blend(wave: Wave, horizon: Horizon) -> float | None:
    """Both put together: their geometric mean; None at or above criticality."""
    modelled = seismic(wave, horizon.alpha, horizon.gamma)
    return None if modelled is None else math.sqrt(max(modelled, wave.seen, 1.0) * ridge(wave, horizon))


def forecast(times_s: ArrayLike, age_s: float, reaches: ArrayLike | None = None) -> WaveEstimate:
    """How many votes a wave will have had in the end, ``age_s`` after it began; arguments as of ``observe``."""
    wave = observe(times_s, reaches, age_s)
    if age_s >= END_S:
        return WaveEstimate("over", wave.seen, float(wave.seen), float(wave.seen), float(wave.seen), 0.0)
    if age_s < MIN_S or wave.seen < 2:
        return WaveEstimate("too_early", wave.seen)
    horizon = at_age(horizons(reaches is not None), age_s)
    expected = blend(wave, horizon)
    if expected is None:
        return WaveEstimate("growing", wave.seen)
    low, high = (max(expected * math.exp(part), float(wave.seen)) for part in (horizon.low, horizon.high))
    return WaveEstimate("forecast", wave.seen, expected, low, high, horizon.error)


def at_age(known: tuple[Horizon, ...], age_s: float) -> Horizon:
    """The constants at an age: between two that were trained, those between theirs (by the logarithm of age)."""
    age = min(max(age_s, known[0].age_s), known[-1].age_s)
    after = next(n for n, each in enumerate(known) if each.age_s >= age)
    if known[after].age_s == age:
        return known[after]
    one, other = known[after - 1], known[after]
    part = math.log(age / one.age_s) / math.log(other.age_s / one.age_s)
    mixed: dict[str, Any] = {
        name: (1 - part) * value + part * getattr(other, name) for name, value in vars(one).items()
    }
    return Horizon(**(mixed | {"age_s": age}))


@cache
def horizons(with_reach: bool) -> tuple[Horizon, ...]:
    """The constants that were trained: knowing whom each voter reaches, or without."""
    rows: list[dict[str, Any]] = json.loads(MODEL.read_text())["with_reach" if with_reach else "without_reach"]
    arrays = ("means", "deviations", "weights")
    read: list[dict[str, Any]] = [
        {key: np.asarray(value) if key in arrays else value for key, value in row.items()} for row in rows
    ]
    return tuple(Horizon(**row) for row in read)
