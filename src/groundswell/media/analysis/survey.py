"""Everything a catalogue wants to know and show of a title, in one go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from groundswell.media.errors import MediaError

from .shots import find_shots
from .stills import Storyboard, poster, storyboard, waveform

PEAK_US = 50_000
MOST_PEAKS = 20_000
POSTER = (800, 1200)
BACKDROP = (1920, 1080)


@dataclass(frozen=True)
class Survey:
    """``shots`` are (start_us, end_us); ``peaks`` of the sound run from 0 to 255 by equal steps, none if silent.

    ``storyboard.jpg``, ``poster.jpg`` and ``backdrop.jpg`` lie in the folder that was given.
    """

    shots: list[tuple[int, int]]
    peaks: list[int]
    storyboard: Storyboard


def survey(source: str | Path, folder: str | Path, *, on_progress: Callable[[float], object] | None = None) -> Survey:
    """Find shots, listen, draw the storyboard, take a poster and a backdrop out of the picture.

    Raises the reading reasons of `probe`, ``disk_full``, ``cannot_write``.
    """
    report = on_progress or (lambda _: None)
    folder = Path(folder)
    shots = find_shots(source, on_progress=lambda done: report(0.8 * done))
    duration_us = shots[-1][1]
    peaks = _peaks(source, duration_us)
    report(0.9)
    board = storyboard(source, folder / "storyboard.jpg")
    best = telling_instant(shots)
    poster(source, best, folder / "poster.jpg", POSTER)
    poster(source, best, folder / "backdrop.jpg", BACKDROP)
    report(1.0)
    return Survey(shots, peaks, board)


def _peaks(source: str | Path, duration_us: int) -> list[int]:
    try:
        peaks = waveform(source, points=min(MOST_PEAKS, max(1, duration_us // PEAK_US)))
    except MediaError as error:
        if error.code == "no_audio":
            return []
        raise
    return [round(peak * 255) for peak in peaks]


def telling_instant(shots: list[tuple[int, int]]) -> int:
    """The middle of the longest shot that has its middle in the first half: likely past the opening, no spoiler."""
    end = shots[-1][1]
    early = [(stop - start, (start + stop) // 2) for start, stop in shots if start + stop <= end]
    return max(early, default=(0, shots[0][0]))[1]
