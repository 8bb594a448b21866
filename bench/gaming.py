"""How many accounts made today put something made up into the top ten: ours beside others, in the replay of trending.

Every few hours of the replay, a ring votes for a new item within half an hour, one vote an account; for each ranking
the least ring is found that beats the tenth best. Ours is as ``trending`` measures it: the same function and constants,
a fresh account's vote at its weight, so many ballots a network as the product has. Others count every vote whole.
"""

import argparse
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.harness import Bench
from bench.rankings import DAY_HALF_LIFE_S, OURS, RANKINGS, Counted, ours
from bench.replay import HORIZONS_H, TOP, Hour, hours
from bench.votes import CASCADES, Votes, cascades, read, slow_communities
from groundswell.discovery.person_weight import FRESH, SLOTS
from groundswell.discovery.rate import HALF_LIVES_S

EVENTS: list[Path] = []
EVERY_H = 12
WITHIN_H = 0.5
MOST = 1 << 17
EQUAL = "ours, if a fresh vote weighed as any other"

Needed = dict[str, list[float]]


def parse(arguments: list[str]) -> None:
    """Read the command line's options."""
    parser = argparse.ArgumentParser(prog="python -m bench gaming", description=__doc__)
    parser.add_argument("--events", nargs="+", action="extend", type=Path, default=[], metavar="FILE")
    EVENTS[:] = parser.parse_args(arguments).events


async def run(bench: Bench) -> None:
    bench.plotted = "fresh accounts"
    sets = [read(path) for path in EVENTS]
    if not sets:
        sets = [*([cascades()] if CASCADES.is_dir() else []), *slow_communities()]
    for votes in sets:
        report(bench, votes.name, measured(votes))


def report(bench: Bench, name: str, needed: Needed) -> None:
    """Medians, and ours over Reddit's formula."""
    looks = len(needed[OURS])
    bench.note(f"{name}: {looks} looks; the least ring, median [one in ten is smaller, one in ten is larger]")
    for ranking, rings in sorted(needed.items(), key=lambda each: -np.median(each[1])):
        low, middle, high = np.quantile(rings, [0.1, 0.5, 0.9])
        bench.note(f"  {ranking:44} {middle:8,.0f} [{low:,.0f}, {high:,.0f}]")
        bench.measure(f"{name}: {ranking}", float(middle), "fresh accounts")
    ratio = float(np.median(needed[OURS]) / np.median(needed["Reddit"]))
    bench.measure(f"{name}: accounts, ours / Reddit", ratio, "ratio", 10)
    networks = [math.ceil(ring / SLOTS) for ring in needed[OURS]]
    bench.measure(f"{name}: networks, ours (Reddit: 1)", float(np.median(networks)), "networks")


def measured(votes: Votes) -> Needed:
    """The least ring of each look, by ranking."""
    needed: Needed = {ranking: [] for ranking in (*RANKINGS, EQUAL)}
    for number, hour in enumerate(hours(votes)):
        if number % EVERY_H or (hour.future.get(HORIZONS_H[1], np.zeros(1)) > 0).sum() < TOP:
            continue
        for ranking, score in RANKINGS.items():
            tenth = float(np.sort(score(hour.seen)[hour.there])[-TOP]) if hour.there.sum() >= TOP else -math.inf
            needed[ranking].append(least(tenth, hour, score, FRESH if ranking == OURS else 1.0))
            if ranking == OURS:
                needed[EQUAL].append(least(tenth, hour, ours, 1.0))
    return needed


def least(tenth: float, hour: Hour, score: Callable[[Counted], np.ndarray], weight: float) -> float:
    """The least ring that beats ``tenth``, by doubling and halving; infinite when the largest does not."""
    low, high = 0, 1
    while high <= MOST and float(score(ring(hour, high, weight))[0]) <= tenth:
        low, high = high, high * 2
    if high > MOST:
        return math.inf
    while high - low > 1:
        middle = (low + high) // 2
        if float(score(ring(hour, middle, weight))[0]) > tenth:
            high = middle
        else:
            low = middle
    return float(high)


def ring(hour: Hour, accounts: int, weight: float) -> Counted:
    """What would be counted of the ring's item: its votes spread evenly over the time."""
    ago_s = np.linspace(0, WITHIN_H * 3600, accounts)
    held = {h: np.array([weight * float((0.5 ** (ago_s / h)).sum())]) for h in (*HALF_LIVES_S, DAY_HALF_LIFE_S)}
    whole = np.array([float(accounts)])
    begun = np.array([hour.seen.now_s - WITHIN_H * 3600])
    return Counted(hour.seen.now_s, begun, whole, whole, whole, held)
