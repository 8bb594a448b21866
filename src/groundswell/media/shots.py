"""Shot boundaries: where one picture gives way to another at once.

Each frame is shrunk to a small grey and colour thumbnail. Its distance from the frame before is the mean absolute
difference of the thumbnails; a cut is a distance that is large in itself and stands out from its neighbours
(Yusoff, Christmas, Kittler, "Video shot cut detection using adaptive thresholding", BMVC 2000).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from .frames import decode_between
from .probe import index_of
from .source import Source, open_source

THUMBNAIL = (48, 27)
LEAST_DISTANCE = 14.0
STANDS_OUT = 3.0
WINDOW = 8
SHORTEST_US = 250_000
Thumbnail = np.ndarray[tuple[int, ...], np.dtype[np.int16]]


def find_shots(
    source: str | Path,
    *,
    start_us: int = 0,
    end_us: int | None = None,
    on_progress: Callable[[float], object] | None = None,
) -> list[tuple[int, int]]:
    """Shots as (start_us, end_us), end exclusive, without gaps from ``start_us`` to ``end_us`` or the end.

    Frames nothing refers to are not decoded, so a boundary is exact to the next reference frame.
    Raises the reading reasons of `probe`.
    """
    with open_source(source) as title:
        index = index_of(title)
        until = min(end_us or index.duration_us, index.duration_us)
        times, distances = [], []
        for at, distance in _distances(title, start_us, until):
            times.append(at)
            distances.append(distance)
            if on_progress is not None:
                on_progress((at - start_us) / max(1, until - start_us))
    return between([start_us, *cuts(times, distances, start_us)], until)


def between(starts: list[int], end: int) -> list[tuple[int, int]]:
    """Spans from each start to the next, the last to ``end``."""
    return [(a, b) for a, b in zip(starts, [*starts[1:], end], strict=True) if b > a]


def cuts(times: list[int], distances: list[float], start: int) -> list[int]:
    """The times (µs) among ``times`` at which a shot begins, given each frame's distance from the one before."""
    found: list[int] = []
    last = start
    for n, distance in enumerate(distances):
        near = distances[max(0, n - WINDOW) : n] + distances[n + 1 : n + 1 + WINDOW]
        usual = float(np.mean(near)) if near else 0.0
        if distance > LEAST_DISTANCE and distance > STANDS_OUT * usual and times[n] - last >= SHORTEST_US:
            found.append(times[n])
            last = times[n]
    return found


def _distances(title: Source, start_us: int, end_us: int) -> Iterator[tuple[int, float]]:
    before: Thumbnail | None = None
    for pts, frame in decode_between(title, title.pts(start_us), title.pts(end_us), skip="NONREF"):
        small = frame.reformat(*THUMBNAIL, format="rgb24", interpolation="AREA").to_ndarray().astype(np.int16)
        if before is not None:
            yield title.us(pts), float(np.abs(small - before).mean())
        before = small
