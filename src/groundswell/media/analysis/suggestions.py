"""Moments worth offering before anyone has clipped anything: what a viewer or creator may start from.

Pure and deterministic. Two kinds of candidates:

- *exchange*: consecutive sentences without a long pause, begun at the cut or pause before the first and ended at the
  cut or pause after the last, so that nobody is cut off. A clip that starts in the middle of a sentence reads as a
  mistake, one that is cut where the editor cut reads as a scene.
- *peak*: the shots around an instant far louder than the title usually is (a laugh, a goal, a crash, a chorus).

The score, 0 to 1, is a weighted mean of what can be measured without a model of the content: how much of the time is
speech, how often speakers or questions alternate, how loud it is against the rest of the title, how clean the ends are,
how near the length is to `BEST_US` (short clips are watched to the end, very short ones lack a point), less a share
for the first and last stretch of the title (openings and credits; endings spoil). Of candidates that overlap, the best
stays. Once viewers have clipped, what they chose replaces these.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from groundswell.media.subtitles.cues import Cue
from groundswell.media.subtitles.sentences import Sentence, sentences

LEAST_US, MOST_US, BEST_US = 6_000_000, 60_000_000, 22_000_000
PAUSE_US = 3_000_000
REACH_US = 2_000_000
LEAD_US, TRAIL_US = 250_000, 400_000
OVERLAP = 0.25
LOUD = 2.0
"""A peak stands this many standard deviations over the mean of the title's loudness."""
WEIGHTS = {"speech": 0.25, "turns": 0.2, "loudness": 0.25, "ends": 0.15, "length": 0.15}
Shots = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Suggestion:
    """A stretch ``[start_us, end_us)`` worth clipping. ``score`` from 0 to 1; ``text`` is what is said first in it."""

    start_us: int
    end_us: int
    score: float
    why: Literal["exchange", "peak"]
    text: str


def suggest(
    duration_us: int,
    shots: Shots,
    lines: Sequence[Cue],
    peaks: Sequence[int],
    *,
    least_us: int = LEAST_US,
    most_us: int = MOST_US,
    wanted: int = 12,
) -> list[Suggestion]:
    """The best ``wanted`` stretches of a title that do not overlap, best first.

    ``shots`` are (start, end) in µs; ``peaks`` the sound's peaks from 0 to 255 in equal steps over the title, none
    when it is silent; every suggestion lasts from ``least_us`` to ``most_us``.
    """
    if not 0 < least_us <= most_us or duration_us < least_us:
        return []
    stage = _Stage(duration_us, shots, sentences(lines), peaks, least_us, most_us)
    best = sorted([*stage.exchanges(), *stage.peaks()], key=lambda s: (-s.score, s.start_us, s.end_us))
    chosen: list[Suggestion] = []
    for candidate in best:
        if len(chosen) < wanted and all(_overlap(candidate, other) <= OVERLAP for other in chosen):
            chosen.append(candidate)
    return chosen


def _overlap(a: Suggestion, b: Suggestion) -> float:
    """The shared time as a share of the shorter."""
    shared = min(a.end_us, b.end_us) - max(a.start_us, b.start_us)
    return max(0, shared) / min(a.end_us - a.start_us, b.end_us - b.start_us)


class _Stage:
    """A title with what is needed to find and weigh candidates."""

    def __init__(
        self, duration_us: int, shots: Shots, said: list[Sentence], peaks: Sequence[int], least_us: int, most_us: int
    ) -> None:
        self._duration, self._said, self._least, self._most = duration_us, said, least_us, most_us
        self._cuts = sorted({0, duration_us, *(start for start, _ in shots if 0 < start < duration_us)})
        self._starts = [s.start_us for s in said]
        sound = np.asarray(peaks, np.float64) if len(peaks) else np.zeros(1)
        self._step = duration_us / len(sound)
        width = min(len(sound), max(1, round(1_000_000 / self._step)))
        self._loudness = np.convolve(sound, np.ones(width) / width, "same")
        self._mean, self._spread = float(self._loudness.mean()), float(self._loudness.std())

    def exchanges(self) -> Iterator[Suggestion]:
        for first, sentence in enumerate(self._said):
            if first and sentence.start_us < self._said[first - 1].end_us:
                continue
            for last in range(first, len(self._said)):
                if last > first and self._said[last].start_us - self._said[last - 1].end_us > PAUSE_US:
                    break
                start, end = self._begin(first), self._finish(last)
                if end - start > self._most:
                    break
                if end - start >= self._least:
                    yield self._weighed(start, end, "exchange")

    def peaks(self) -> Iterator[Suggestion]:
        """Whole shots around each instant that is the loudest of its ten seconds and loud for the title."""
        if self._spread == 0:
            return
        reach = max(1, round(5_000_000 / self._step))
        for n in np.flatnonzero(self._loudness >= self._mean + LOUD * self._spread):
            if self._loudness[n] == self._loudness[max(0, n - reach) : n + reach + 1].max():
                start, end = self._around(int((n + 0.5) * self._step))
                if self._least <= end - start <= self._most:
                    yield self._weighed(start, end, "peak")

    def _around(self, at: int) -> tuple[int, int]:
        """Shots around an instant, those after it first (what follows a bang matters more), to the least length."""
        cuts, n = self._cuts, bisect_right(self._cuts, at) - 1
        low, high = max(0, n), min(n + 1, len(cuts) - 1)
        while cuts[high] - cuts[low] < self._least and (low > 0 or high < len(cuts) - 1):
            if high < len(cuts) - 1 and (cuts[high] - at <= at - cuts[low] or low == 0):
                high += 1
            else:
                low -= 1
        if cuts[high] - cuts[low] <= self._most:
            return cuts[low], cuts[high]
        start = max(cuts[low], min(at - self._least // 3, self._duration - self._least))
        return start, min(cuts[high], start + self._least)

    def _begin(self, first: int) -> int:
        """The cut or pause before a sentence."""
        spoken = self._said[first].start_us
        free = self._said[first - 1].end_us if first else 0
        cut = self._cuts[bisect_right(self._cuts, spoken) - 1]
        return cut if cut >= max(free, spoken - REACH_US) else max(free, spoken - LEAD_US, 0)

    def _finish(self, last: int) -> int:
        """The cut or pause after a sentence."""
        spoken = min(self._said[last].end_us, self._duration)
        free = self._said[last + 1].start_us if last + 1 < len(self._said) else self._duration
        cut = self._cuts[min(bisect_left(self._cuts, spoken), len(self._cuts) - 1)]
        return cut if cut <= min(free, spoken + REACH_US) else max(spoken, min(free, spoken + TRAIL_US))

    def _weighed(self, start: int, end: int, why: Literal["exchange", "peak"]) -> Suggestion:
        inside = self._said[bisect_left(self._starts, start) : bisect_left(self._starts, end)]
        heard = sum(max(0, min(s.end_us, end) - s.start_us) for s in inside)
        turns = sum(a.turn != b.turn or "?" in a.text or "؟" in a.text or "？" in a.text for a, b in pairwise(inside))
        loud = self._loudness[int(start / self._step) : int(end / self._step) + 1]
        above = (float(loud.max()) - self._mean) / self._spread if self._spread and len(loud) else 0.0
        parts = {
            "speech": min(1.0, heard / (end - start)),
            "turns": 1 - math.exp(-turns / 2),
            "loudness": 1 / (1 + math.exp(1.5 - above)),
            "ends": ((start in self._cuts) + (end in self._cuts)) / 2,
            "length": math.exp(-0.5 * (math.log((end - start) / BEST_US) / 0.8) ** 2),
        }
        score = sum(WEIGHTS[name] * value for name, value in parts.items()) * self._place(start, end)
        return Suggestion(start, end, round(score, 4), why, inside[0].text if inside else "")

    def _place(self, start: int, end: int) -> float:
        """Less for the opening twentieth and the closing tenth of a title."""
        if end > 0.9 * self._duration:
            return 0.7
        return 0.85 if start < 0.05 * self._duration else 1.0
