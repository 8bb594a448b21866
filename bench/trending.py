"""How well trending foresees what gets votes: ours beside others, on reshare cascades, slow communities, any files.

``trending --events FILE FILE…`` replays files of ``item,unix_seconds`` instead (any number, quick or slow).
``--choose`` shows how the constants of ``groundswell.discovery.rate`` were chosen: every combination of a grid on every
set, and for each kind of community the best by the other kinds, measured on the one left out.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench import choice
from bench.harness import Bench
from bench.rankings import COUNT, LANDED, NAMED, OURS, RANKINGS, ours
from bench.replay import HORIZONS_H, Replayed, replay
from bench.votes import CASCADES, Votes, cascades, read, slow_communities
from groundswell.discovery.person_weight import FRESH

EVENTS: list[Path] = []
CHOOSE = False
RESAMPLES = 1_000
BLOCK_H = 24
FRESH_PART = 0.3
OTHERS = (*NAMED, COUNT)


def parse(arguments: list[str]) -> None:
    """Read the command line's options."""
    global CHOOSE
    parser = argparse.ArgumentParser(prog="python -m bench trending", description=__doc__)
    parser.add_argument("--events", nargs="+", action="extend", type=Path, default=[], metavar="FILE")
    parser.add_argument("--choose", action="store_true", help="cross-validate the constants (minutes)")
    options = parser.parse_args(arguments)
    EVENTS[:], CHOOSE = options.events, options.choose


async def run(bench: Bench) -> None:
    bench.plotted = "mean NDCG@10"
    if CHOOSE:
        choice.measure(bench)
    elif EVENTS:
        given(bench, [report(bench, read(path)) for path in EVENTS])
    else:
        if CASCADES.is_dir():
            quick(bench, report(bench, cascades()))
        slow(bench, [report(bench, votes) for votes in slow_communities()])


def report(bench: Bench, votes: Votes) -> Replayed:
    """Replay a set and say how each ranking did, with its interval."""
    done = replay(votes, RANKINGS)
    low, high, ratio = intervals(done)
    looks = ", ".join(f"{len(done.all[OURS][horizon]):,} at {horizon} h" for horizon in HORIZONS_H)
    bench.note(f"{votes.name}: {len(votes.at):,} votes for {votes.items:,} items; hours that count: {looks}")
    for ranking in sorted(RANKINGS, key=lambda each: -done.mean(each)):
        bench.measure(f"{votes.name}: {ranking}", done.mean(ranking), "mean NDCG@10")
        bench.note(
            f"  {ranking:22} {done.mean(ranking):.3f} [{low[ranking]:.3f}, {high[ranking]:.3f}]"
            f"  old items {done.mean(ranking, old=True):.3f}"
            f"  by horizon {' '.join(f'{_mean(done.all[ranking][h]):.3f}' for h in HORIZONS_H)}"
        )
    best = best_of(done, OTHERS)
    bench.note(f"  ours / {best}: [{ratio[best][0]:.3f}, {ratio[best][1]:.3f}] in 95 of 100 resamplings of its days")
    return done


def _mean(values: list[float]) -> float:
    return float(np.nanmean(values)) if values else float("nan")


def best_of(done: Replayed, rankings: Sequence[str], *, old: bool = False) -> str:
    return max(rankings, key=lambda each: np.nan_to_num(done.mean(each, old=old), nan=-1.0))


def quick(bench: Bench, done: Replayed) -> None:
    """The goals on the cascades."""
    best, best_old = done.mean(best_of(done, OTHERS)), done.mean(best_of(done, OTHERS, old=True), old=True)
    old = done.mean(OURS, old=True)
    bench.measure("cascades: ours / the best other", done.mean(OURS) / best, "ratio", 1.05)
    bench.measure("cascades, a day old or older: ours / the best other", old / best_old, "ratio", 1.02)
    bench.measure(f"cascades: ours / {LANDED}", done.mean(OURS) / done.mean(LANDED), "ratio")
    votes = cascades()
    weights = np.where(np.random.default_rng(0).uniform(size=len(votes.at)) < FRESH_PART, FRESH, 1.0)
    lost = done.mean(OURS) - replay(votes, {OURS: ours}, weights).mean(OURS)
    name = f"cascades: lost where {FRESH_PART:.0%} of votes are by fresh accounts"
    bench.measure(name, lost, "NDCG@10", 0.015, at_most=True)


def slow(bench: Bench, sets: Sequence[Replayed]) -> None:
    """The goals on generated communities of few votes."""
    for done in sets:
        bench.measure(f"{done.name}: ours / {LANDED}", done.mean(OURS) / done.mean(LANDED), "ratio", 0.98)


def given(bench: Bench, sets: Sequence[Replayed]) -> None:
    """The goals on sets that this was not made on."""

    def mean(ranking: str) -> float:
        return float(np.mean([done.mean(ranking) for done in sets]))

    bench.measure("mean of the sets: ours", mean(OURS), "mean NDCG@10", 0.74)
    bench.measure(
        "mean of the sets: ours / the best named formula's", mean(OURS) / max(map(mean, NAMED)), "ratio", 1.12
    )
    bench.measure(f"mean of the sets: ours / {COUNT}", mean(OURS) / mean(COUNT), "ratio", 1.06)
    bench.measure(f"mean of the sets: ours / {LANDED}", mean(OURS) / mean(LANDED), "ratio")
    for done in sets:
        best = best_of(done, list(NAMED))
        bench.measure(f"{done.name}: ours / {best}", done.mean(OURS) / done.mean(best), "ratio", 1.0)


Interval = dict[str, float]


def intervals(done: Replayed) -> tuple[Interval, Interval, dict[str, tuple[float, float]]]:
    """The 95% intervals of each ranking's mean, and of ours over it, by resampling days (block bootstrap; Künsch,
    *Annals of Statistics*, 1989)."""
    draw = np.random.default_rng(0)
    means = {ranking: np.zeros(RESAMPLES) for ranking in done.all}
    horizons = [horizon for horizon in HORIZONS_H if done.all[OURS][horizon]]
    for horizon in horizons:
        count = len(done.all[OURS][horizon])
        block = np.arange(count) // BLOCK_H
        blocks = int(block[-1]) + 1
        drawn = draw.multinomial(blocks, np.full(blocks, 1 / blocks), size=RESAMPLES)
        sizes = drawn @ np.bincount(block, minlength=blocks)
        for ranking in done.all:
            sums = np.bincount(block, np.nan_to_num(done.all[ranking][horizon]), blocks)
            means[ranking] += drawn @ sums / sizes / len(horizons)
    ratios = {ranking: means[OURS] / np.maximum(values, 1e-9) for ranking, values in means.items()}
    bounds, ratio_bounds = (
        {name: np.quantile(values, [0.025, 0.975]) for name, values in each.items()} for each in (means, ratios)
    )
    return (
        {ranking: float(low) for ranking, (low, _) in bounds.items()},
        {ranking: float(high) for ranking, (_, high) in bounds.items()},
        {ranking: (float(low), float(high)) for ranking, (low, high) in ratio_bounds.items()},
    )
