"""Votes to replay: files of ``item,unix_seconds``, the reshare cascades beside the checkout, generated communities."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.float64]
CASCADES = Path(__file__).parents[2] / "shared" / "data" / "cascades"
DAY_S = 86_400
HOUR_S = 3_600


@dataclass(frozen=True)
class Votes:
    """A set of votes: ``at`` in Unix seconds, in order, and the number of the item of each."""

    name: str
    at: Times
    item: NDArray[np.int64]
    items: int

    @classmethod
    def of(cls, name: str, by_item: Sequence[Times]) -> "Votes":
        """From the times of each item's votes."""
        at = np.concatenate(by_item)
        item = np.repeat(np.arange(len(by_item)), [len(times) for times in by_item])
        order = np.argsort(at, kind="stable")
        return cls(name, at[order], item[order], len(by_item))

    def slowed(self, factor: float) -> "Votes":
        """The same votes, so many times as slowly: a quieter community with the same bursts."""
        start = self.at[0]
        return Votes(f"{self.name} ×{factor:g}", start + (self.at - start) * factor, self.item, self.items)

    def until(self, days: float) -> "Votes":
        """The first days of it."""
        kept = self.at < self.at[0] + days * DAY_S
        return Votes(self.name, self.at[kept], self.item[kept], self.items)


def read(path: Path) -> Votes:
    """A file of ``item,unix_seconds``, in any order, with or without a first line of names.

    Raises:
        ValueError: a line that is neither, or no vote at all.
    """
    by_item: dict[str, list[float]] = {}
    with path.open(newline="", encoding="utf-8-sig") as lines:
        for number, row in enumerate(csv.reader(lines), start=1):
            if not row or (number == 1 and not _is_number(row[-1])):
                continue
            if len(row) < 2 or not _is_number(row[1]):
                raise ValueError(f"{path}:{number}: not item,unix_seconds: {','.join(row)[:80]!r}")
            by_item.setdefault(row[0], []).append(float(row[1]))
    if not by_item:
        raise ValueError(f"{path}: no votes")
    return Votes.of(path.stem, [np.array(times) for times in by_item.values()])


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False


def cascades(folder: Path = CASCADES) -> Votes:
    """Reshares of posts (Kobayashi & Lambiotte, ICWSM 2016): the first line of each file has the day on which it
    begins, each other one the seconds since."""
    by_item = []
    for path in sorted(folder.glob("*.txt")):
        first, *rest = path.read_text().splitlines()
        start = float(first.split()[1]) * DAY_S
        by_item.append(start + np.array([float(line.split()[0]) for line in rest if line.strip()]))
    return Votes.of("cascades", by_item)


def community(seed: int, *, items: int, days: int, an_hour: float, name: str) -> Votes:
    """A generated community: items appear all the time; each draws votes by its appeal, fewer as it ages (a power of
    age), in the rhythm of the day and the week, and some are found again months later.

    Args:
        items: how many appear.
        days: over how many.
        an_hour: votes an hour, all items together.
    """
    draw = np.random.default_rng(seed)
    born = np.sort(draw.uniform(0, days * DAY_S * 0.95, items))
    appeal = draw.lognormal(0, 1.2, items)
    votes = draw.multinomial(int(an_hour * days * 24), appeal / appeal.sum())
    by_item = []
    for start, count in zip(born, votes, strict=True):
        waits = DAY_S / 4 * ((1 - draw.uniform(size=count)) ** (-1 / draw.uniform(0.6, 1.4)) - 1)
        found_again = (draw.uniform(size=count) < 0.4) if draw.uniform() < 0.15 else np.zeros(count, bool)
        again_s = draw.uniform(7, 90) * DAY_S
        waits = np.where(found_again, again_s + draw.exponential(DAY_S, count), waits)
        times = start + waits
        wave = 1 + 0.7 * np.sin(2 * np.pi * times / DAY_S) + 0.2 * np.sin(2 * np.pi * times / (7 * DAY_S))
        times = times[(draw.uniform(size=count) < wave / 1.9) & (times < days * DAY_S)]
        by_item.append(np.append(times, start))
    start_s = 1_700_000_000.0
    return Votes.of(name, [start_s + times for times in by_item])


def slow_communities() -> list[Votes]:
    """Few votes an hour, months long."""
    return [
        community(1, items=300, days=120, an_hour=6, name="slow club"),
        community(2, items=900, days=90, an_hour=15, name="slow forum"),
    ]
