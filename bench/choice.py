"""How the constants of trending stand: leave one kind of community out, choose by the others, measure on it.

The half-lives, shape and grace that the product has were chosen so on seven recorded communities, quick and slow. What
is here, of which most is generated or slowed down, would have less grace, by which what is new comes up sooner, and a
ring too; so this does not choose again, but holds them to within a twentieth of the best for each kind.
"""

from itertools import product
from unittest import mock

import numpy as np

from bench.harness import Bench
from bench.rankings import Counted, Values, ours
from bench.replay import HORIZONS_H, Hour, hours, ndcg
from bench.votes import CASCADES, Votes, cascades, community, slow_communities
from groundswell.discovery import rate

HALF_LIVES_S = (
    (1_800, 21_600, 259_200),
    (1_800, 10_800, 86_400),
    (3_600, 21_600, 259_200),
    (1_800, 21_600, 604_800),
    (3_600, 43_200, 604_800),
)
SHAPES = (2.0, 4.0, 8.0)
GRACES_H = (2, 6, 12)
EVERY_H = 5
"""Of the hours, one in so many is looked at."""

Constants = tuple[tuple[int, int, int], float, int]


def kinds() -> dict[str, list[Votes]]:
    """Communities of one kind together: what is left out is all of a kind."""
    found = {
        "slow": slow_communities(),
        "busy": [community(3, items=3_000, days=30, an_hour=400, name="busy")],
    }
    if CASCADES.is_dir():
        found["cascades"] = [cascades()]
        found["cascades, slower"] = [cascades().slowed(6)]
        found["cascades, slow"] = [cascades().slowed(30)]
    return found


def measure(bench: Bench) -> None:
    """The whole table, and for each kind what the others chose and how that does on it."""
    grid: list[Constants] = list(product(HALF_LIVES_S, SHAPES, GRACES_H))
    means = {kind: np.mean([score(votes, grid) for votes in sets], axis=0) for kind, sets in kinds().items()}
    relative = {kind: values / values.max() for kind, values in means.items()}
    for at in np.argsort(-np.mean(list(relative.values()), axis=0)):
        row = "  ".join(f"{kind} {values[at]:.3f}" for kind, values in means.items())
        bench.note(f"{_say(grid[at]):52} {row}")
    for kind, values in means.items():
        chosen = int(np.argmax(np.mean([each for other, each in relative.items() if other != kind], axis=0)))
        bench.note(f"without {kind}: {_say(grid[chosen])}")
        bench.measure(f"{kind}: chosen without it", values[chosen], "mean NDCG@10")
        bench.measure(f"{kind}: the best for it", values.max(), "mean NDCG@10")
    ours_at = grid.index(((*rate.HALF_LIVES_S,), rate.SHAPE, rate.GRACE_S // 3600))
    loss = min(values[ours_at] for values in relative.values())
    bench.measure("ours / the best for each kind, at worst", float(loss), "ratio", 0.95)


def _say(constants: Constants) -> str:
    half_lives, shape, grace = constants
    return f"{' '.join(f'{each / 3600:g} h' for each in half_lives)}, shape {shape:g}, grace {grace} h"


def score(votes: Votes, grid: list[Constants]) -> Values:
    """The mean NDCG of each of the grid on a set."""
    half_lives = tuple(sorted({each for triple in HALF_LIVES_S for each in triple}))
    found: dict[int, list[Values]] = {horizon: [] for horizon in HORIZONS_H}
    for number, hour in enumerate(hours(votes, half_lives)):
        if number % EVERY_H:
            continue
        scored = [_with(constants, hour.seen) for constants in grid]
        for horizon, future in hour.future.items():
            if (future[hour.there] > 0).sum() >= 10:
                found[horizon].append(_all(scored, hour, future))
    by_horizon = [np.mean(each, axis=0) for each in found.values() if each]
    return np.asarray(np.mean(by_horizon, axis=0), dtype=np.float64)


def _all(scored: list[Values], hour: Hour, future: Values) -> Values:
    return np.array([ndcg(each, future, hour.there) for each in scored])


def _with(constants: Constants, seen: Counted) -> Values:
    """The product's own function with other constants."""
    half_lives, shape, grace_h = constants
    with mock.patch.multiple(rate, HALF_LIVES_S=half_lives, SHAPE=shape, GRACE_S=grace_h * 3600):
        return ours(seen)
