"""``python scripts/forecast_model.py DIR``: train the constants of forecasts on the recorded cascades in ``DIR``.

Each file is one cascade: a line about it, then ``seconds reach`` of each repost, the first being the original. Writes
``src/groundswell/discovery/trending/forecast_model.json``, with a digest of what it was trained on.
"""

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from groundswell.discovery.trending import forecast
from groundswell.discovery.trending.forecast import Horizon, Values, Wave, observe, seismic

AGES_S = (600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400)
RIDGE = 10.0
ALPHAS = tuple(float(each) for each in np.geomspace(0.1, 2.0, 12))
GAMMAS = (25.0, 50.0, 100.0, 200.0)
"""How many votes each brings is taken for ``gamma`` times the infectiousness (SEISMIC: 100, the reach of most people).
Infectiousness falls as a wave ages, so that it overstates what is to come: hence below 1 without reach."""

GAMMAS_WITHOUT_REACH = (0.3, 0.5, 0.7, 0.85, 1.0)
COVERED = 0.8


@dataclass(frozen=True)
class Cascade:
    """Seconds since the first, ascending, and the reach of each."""

    name: str
    times_s: Values
    reaches: Values

    @property
    def final(self) -> int:
        return len(self.times_s) - 1


@dataclass(frozen=True)
class Trained:
    """Constants, and for each cascade what they would have said of it without having been trained on it (NaN: no
    estimate), against the logarithm of what it came to."""

    horizon: Horizon
    left_out: Values
    truth: Values


def read(folder: Path) -> list[Cascade]:
    """Every cascade of a folder, by name."""
    found = []
    for path in sorted(folder.glob("RT*.txt")):
        rows = np.loadtxt(path, skiprows=1, ndmin=2)
        order = np.argsort(rows[:, 0], kind="stable")
        found.append(Cascade(path.name, rows[order, 0], rows[order, 1]))
    return found


def train(cascades: Sequence[Cascade], age_s: float, with_reach: bool) -> Trained:
    """Constants at an age, with the leave-one-out errors that their interval is made of."""
    waves = [observe(each.times_s, each.reaches if with_reach else None, age_s) for each in cascades]
    seen = np.maximum([wave.seen for wave in waves], 1)
    truth = np.log(np.maximum([each.final for each in cascades], 1) / seen)
    grid = [(alpha, gamma) for gamma in (GAMMAS if with_reach else GAMMAS_WITHOUT_REACH) for alpha in ALPHAS]
    modelled = np.array([[_log(wave, *each) for wave in waves] for each in grid])
    regression, weights, means, deviations = fit(np.array([wave.features for wave in waves]), truth)
    blended = (modelled + np.maximum(regression, 0.0)) / 2
    errors = np.abs(modelled - truth)
    chosen = _choose(errors, np.ones(len(waves), bool))
    left_out = np.empty(len(waves))
    for number in range(len(waves)):
        others = np.arange(len(waves)) != number
        left_out[number] = blended[_choose(errors, others), number]
    residuals = (truth - left_out)[np.isfinite(left_out)]
    low, high = np.quantile(residuals, [(1 - COVERED) / 2, (1 + COVERED) / 2])
    error = float(np.nanmedian(np.abs(np.expm1(left_out - truth))))
    numbers = {"low": float(low), "high": float(high), "error": error}
    alpha, gamma = grid[chosen]
    return Trained(Horizon(age_s, alpha, gamma, means, deviations, weights, **numbers), left_out, truth)


def _log(wave: Wave, alpha: float, gamma: float) -> float:
    found = seismic(wave, alpha, gamma)
    return float("nan") if found is None else float(np.log(max(found, wave.seen, 1) / max(wave.seen, 1)))


def _choose(errors: Values, among: np.ndarray) -> int:
    """The constants of the least mean error of logarithms, which is less a matter of chance than the median's; where
    there is no estimate, it counts as wrong by a factor of e."""
    return int(np.argmin(np.nan_to_num(errors[:, among], nan=1.0).mean(axis=1)))


def fit(features: Values, truth: Values) -> tuple[Values, Values, Values, Values]:
    """A ridge regression: what it says of each without having been trained on it (by the hat matrix), its weights, and
    the features' means and deviations."""
    means, deviations = features.mean(0), features.std(0) + 1e-9
    design = np.column_stack([np.ones(len(features)), (features - means) / deviations])
    penalty = RIDGE * np.eye(design.shape[1])
    penalty[0, 0] = 0
    solved = np.linalg.solve(design.T @ design + penalty, design.T)
    weights = solved @ truth
    leverage = np.einsum("ij,ji->i", design, solved)
    return truth - (truth - design @ weights) / (1 - leverage), weights, means, deviations


def covered(trained: Trained) -> float:
    """Of the cascades with an estimate, how many lay in the interval made of the others' errors."""
    residuals = (trained.truth - trained.left_out)[np.isfinite(trained.left_out)]
    inside = []
    for number, residual in enumerate(residuals):
        low, high = np.quantile(np.delete(residuals, number), [(1 - COVERED) / 2, (1 + COVERED) / 2])
        inside.append(low <= residual <= high)
    return float(np.mean(inside))


def main(folder: Path) -> int:
    cascades = read(folder)
    if not cascades:
        print(f"no cascades (RT*.txt) in {folder}")
        return 2
    digest = hashlib.sha256()
    for path in sorted(folder.glob("RT*.txt")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    document: dict[str, Any] = {
        "provenance": {
            "data": "Reposts of popular posts on Twitter in October 2011 with the reach of each, as published with "
            "TiDeH (Kobayashi & Lambiotte, ICWSM 2016) from the set of SEISMIC (Zhao et al., KDD 2015)",
            "cascades": len(cascades),
            "sha256": digest.hexdigest(),
            "by": "scripts/forecast_model.py",
        }
    }
    for name, with_reach in (("with_reach", True), ("without_reach", False)):
        rows = []
        for age_s in AGES_S:
            trained = train(cascades, age_s, with_reach)
            none = float(np.mean(~np.isfinite(trained.left_out)))
            print(
                f"{name} {age_s / 3600:5.2f} h: error {trained.horizon.error:.3f}, covered {covered(trained):.2f}, "
                f"no estimate {none:.2f}, alpha {trained.horizon.alpha:.2f}, gamma {trained.horizon.gamma}"
            )
            rows.append(
                {
                    key: np.round(value, 6).tolist() if isinstance(value, np.ndarray) else round(value, 6)
                    for key, value in vars(trained.horizon).items()
                }
            )
        document[name] = rows
    forecast.MODEL.write_text(json.dumps(document, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])) if len(sys.argv) == 2 else 2)
