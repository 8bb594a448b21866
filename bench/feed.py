"""For you beside EASE, implicit ALS, popularity and heat; and whether its log tells what other rules would bring.

Who liked what and when is split twice (``recommenders``): of each reader in time, and of all at one instant, since a
random split misleads. ``--ratings FILE`` judges a file of ``user,item,unix_seconds`` too, or MovieLens' own.

Simulated readers go on from each scene with a chance that is known. Pages are drawn as For you draws them and noted
with their probabilities; from that log alone, what another rule would have brought is estimated (self-normalised
inverse propensity scoring), with a 95% interval. How often the interval holds the known value is measured.
"""

import argparse
from pathlib import Path
from uuid import UUID

import numpy as np

from bench import recommenders
from bench.harness import Bench
from groundswell.discovery.for_you.slate import TEMPERATURE, Candidate, draw
from groundswell.discovery.for_you.taste import Likes

WORLDS, READERS, SCENES = 200, 1_500, 12
SEED = 20_26
Z = 1.96
ASKED = 600
RATINGS: list[Path] = []


def parse(arguments: list[str]) -> None:
    """Read the command line's options."""
    global ASKED
    parser = argparse.ArgumentParser(prog="python -m bench feed", description=__doc__)
    parser.add_argument("--ratings", type=Path, action="append", default=[])
    parser.add_argument("--asked", type=int, default=ASKED, help="readers a split, at most")
    options = parser.parse_args(arguments)
    RATINGS[:], ASKED = options.ratings, options.asked


def beside_others(bench: Bench, name: str, events: Likes) -> None:
    """Our order of things and four others', over one set of events."""
    for split, means, few in recommenders.compared(events, ASKED, SEED):
        for each, mean in means.items():
            bench.measure(f"{name}, {split}: NDCG@10, {each}", mean, "ndcg")
        best = max(mean for each, mean in means.items() if each != "ours")
        goal = 1.05 if split == "per user in time" else 1.0
        bench.measure(f"{name}, {split}: ours / the best other", means["ours"] / max(best, 1e-9), "ratio", goal)
        known = few["ours"] / max(few["popularity"], 1e-9)
        bench.measure(f"{name}, {split}: ours / popularity, {recommenders.FEW} events or fewer", known, "ratio", 0.97)


async def run(bench: Bench) -> None:
    bench.plotted = "ndcg"
    beside_others(bench, "bursts", recommenders.generated(SEED))
    beside_others(bench, "what lasts", recommenders.generated(SEED, lasting=True))
    for path in RATINGS:
        beside_others(bench, path.stem, recommenders.read(path))
    rng = np.random.default_rng(SEED)
    held: dict[str, list[bool]] = {"hotter first": [], "newer first": [], "evenly": []}
    for _ in range(WORLDS):
        hot, fresh = rng.random(SCENES), rng.random(SCENES)
        chances = np.clip(0.02 + 0.25 * hot + 0.1 * rng.random(SCENES), 0, 1)
        others = {"hotter first": softmax(2 * hot), "newer first": softmax(2 * fresh), "evenly": softmax(0 * hot)}
        picked, probabilities = logged(hot, fresh, rng)
        went_on = rng.random(READERS) < chances[picked]
        for name, policy in others.items():
            weights = policy[picked] / probabilities
            value = float((weights * went_on).sum() / weights.sum())
            error = float(np.sqrt((weights**2 * (went_on - value) ** 2).sum()) / weights.sum())
            held[name].append(abs(value - float(policy @ chances)) <= Z * error)
    for name, each in held.items():
        share = float(np.mean(each))
        bench.measure(f"{name}: intervals that hold the known value, at least", share, "of intervals", 0.93)
        bench.measure(f"{name}: at most", share, "of intervals", 0.97, at_most=True)
    bench.note(f"{WORLDS} worlds of {SCENES} scenes and {READERS:,} readers, drawn at temperature {TEMPERATURE}")


def softmax(scores: np.ndarray) -> np.ndarray:
    weights = np.exp(scores - scores.max())
    chances: np.ndarray = weights / weights.sum()
    return chances


def logged(hot: np.ndarray, fresh: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """What For you drew first for each reader, and with what probability."""
    candidates = [
        Candidate(UUID(int=n), UUID(int=n), UUID(int=n), {"fresh": fresh[n]}, pull=hot[n] / TEMPERATURE)
        for n in range(SCENES)
    ]
    picks = [draw(candidates, 1, rng)[0] for _ in range(READERS)]
    places = np.array([pick.candidate.scene_id.int for pick in picks])
    return places, np.array([pick.probability for pick in picks])
