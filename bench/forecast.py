"""How near forecasts of waves come on recorded cascades, each left out of training, and how many a core makes a second.

``forecast --cascades DIR``: other cascades than those beside the checkout, in files as ``scripts/forecast_model.py``
reads. Constants are trained here, on the cascades given, as that script does it; those in use are of its last run.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from scripts import forecast_model

from bench.harness import Bench
from bench.votes import CASCADES
from groundswell.discovery.trending.forecast import forecast

GOALS = {600: 0.33, 3_600: 0.30, 21_600: 0.17, 43_200: 0.12, 86_400: 0.05}
FOLDER: list[Path] = [CASCADES]
SECONDS = 2.0


def parse(arguments: list[str]) -> None:
    """Read the command line's options."""
    parser = argparse.ArgumentParser(prog="python -m bench forecast", description=__doc__)
    parser.add_argument("--cascades", type=Path, default=CASCADES, metavar="DIR")
    FOLDER[:] = [parser.parse_args(arguments).cascades]


async def run(bench: Bench) -> None:
    bench.plotted = "median absolute error"
    cascades = forecast_model.read(FOLDER[0])
    if not cascades:
        raise SystemExit(f"no cascades (RT*.txt) in {FOLDER[0]}")
    bench.note(f"{len(cascades)} cascades; each estimate is of one that its constants were not trained on")
    for with_reach in (True, False):
        of = "knowing reach" if with_reach else "without reach (as the product)"
        inside = []
        for age_s, goal in GOALS.items():
            trained = forecast_model.train(cascades, age_s, with_reach)
            name = f"{age_s / 3600:.3g} h, {of}"
            error, goal_here = trained.horizon.error, goal if with_reach else None
            bench.measure(name, error, "median absolute error", goal_here, at_most=True)
            none = float(np.mean(~np.isfinite(trained.left_out)))
            inside.append(forecast_model.covered(trained))
            bench.note(f"  {name}: no estimate (critical) of {none:.0%}; in the interval {inside[-1]:.0%}")
        goals = (0.75, 0.85) if with_reach else (None, None)
        bench.measure(f"least coverage, {of}", min(inside), "part", goals[0])
        bench.measure(f"greatest coverage, {of}", max(inside), "part", goals[1], at_most=True)
    for age_s in GOALS:
        rate = speed(cascades, age_s)
        bench.measure(f"forecasts a second at {age_s / 3600:.3g} h", rate, "per second", 3_000)


def speed(cascades: list[forecast_model.Cascade], age_s: float) -> float:
    """Forecasts a second on this core, of cascades as they were at an age."""
    made, begun = 0, time.perf_counter()
    while (passed := time.perf_counter() - begun) < SECONDS:
        for each in cascades:
            forecast(each.times_s, age_s)
        made += len(cascades)
    return made / passed
