"""Shot boundaries: where one picture gives way to another at once.

Each frame is shrunk to a small grey and colour thumbnail. Its distance from the frame before is the mean absolute
difference of the thumbnails; a cut is a distance that is large in itself and stands out from its neighbours
(Yusoff, Christmas, Kittler, "Video shot cut detection using adaptive thresholding", BMVC 2000).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from av.video.reformatter import VideoReformatter

from groundswell.media.reading.frames import SkipType, decode_between
from groundswell.media.reading.probe import index_of
from groundswell.media.reading.source import OpenSource, open_source

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

    Frames nothing refers to are decoded only where a cut may lie among them, so a boundary is exact to the frame.
    Raises the reading reasons of `probe`.
    """
    with open_source(source) as title:
        index = index_of(title)
        until = min(end_us or index.duration_us, index.duration_us)
        steps: dict[int, _Step] = {}
        for step in _steps(title, title.pts(start_us), title.pts(until), "NONREF"):
            steps[title.us(step.pts)] = step
            if on_progress is not None:
                on_progress((title.us(step.pts) - start_us) / max(1, until - start_us))
        found = cuts(list(steps), [step.distance for step in steps.values()], start_us)
        starts = [at if steps[at].key else title.us(_exact(title, steps[at])) for at in found]
    return between([start_us, *starts], until)


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


class _Step(NamedTuple):
    """From one frame that was decoded to the next, in ticks. ``key``: the next stands by itself, so that no frame
    before it shows the same shot."""

    before: int
    pts: int
    key: bool
    distance: float


def _exact(title: OpenSource, step: _Step) -> int:
    """Where within ``step`` the picture changes most: the cut, which the frames that were left out may hide."""
    inner = list(_steps(title, step.before, step.pts + 1, "DEFAULT"))
    return max(inner, key=lambda each: each.distance).pts if inner else step.pts


def _steps(title: OpenSource, lo: int, hi: int, skip: SkipType) -> Iterator[_Step]:
    last: tuple[int, Thumbnail] | None = None
    scaler = VideoReformatter()  # one for all: `VideoFrame.reformat` makes its own, which takes longer than scaling
    for pts, frame in decode_between(title, lo, hi, skip=skip):
        thumbnail = scaler.reformat(frame, *THUMBNAIL, format="rgb24", interpolation="AREA")
        small = thumbnail.to_ndarray().astype(np.int16)
        if last is not None:
            yield _Step(last[0], pts, bool(frame.key_frame), float(np.abs(small - last[1]).mean()))
        last = pts, small
