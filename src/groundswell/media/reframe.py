"""Choose what part of a wide picture a tall clip shows: where there is contrast and movement, locked for each shot.

Thumbnails are sampled from the brightness plane. A shot's map of interest is its local contrast plus
`MOTION_WEIGHT` times its mean movement over the first frames of the shot, with a mild preference for
the middle. The crop is the window with the most interest in it; if that holds hardly more than any window would,
nothing stands out, and the picture is better shown whole between blurred sides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from av.video.frame import VideoFrame

LONG_SIDE = 96
LOOK_AHEAD = 12
MOTION_WEIGHT = 3.0
STANDS_OUT = 1.12
CUT_DISTANCE = 22.0
CUT_RATIO = 3.5
Thumb = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


@dataclass(frozen=True)
class View:
    """Where the crop's centre lies along the side with room to spare, 0 to 1; None: show the whole picture."""

    at: float | None


def thumbnail(frame: VideoFrame, quarter_turns: int = 0) -> Thumb:
    """The brightness of a frame on a coarse grid, 0 to 255, turned clockwise. Shape (rows, columns)."""
    bits, plane = frame.format.components[0].bits, frame.planes[0]
    dtype = np.uint8 if bits <= 8 else np.uint16
    grid = np.frombuffer(memoryview(plane), dtype).reshape(plane.height, -1)[:, : plane.width]
    step = max(1, max(grid.shape) // LONG_SIDE)
    small = grid[::step, ::step].astype(np.float32)
    if bits > 8:
        small /= 2.0 ** (bits - 8)
    return np.rot90(small, -quarter_turns)


def distance(a: Thumb, b: Thumb) -> float:
    return float(np.abs(a - b).mean()) if a.shape == b.shape else 255.0


def interest(thumbs: Sequence[Thumb]) -> Thumb:
    """A shot's map of interest from its first thumbnails."""
    first = thumbs[0]
    contrast = np.abs(np.gradient(first, axis=0)) + np.abs(np.gradient(first, axis=1))
    moved = [np.abs(b - a) for a, b in pairwise(thumbs)]
    motion = np.mean(moved, axis=0) if moved else np.zeros_like(first)
    return np.asarray(contrast + MOTION_WEIGHT * motion, np.float32)


def best_view(found: Thumb, shape: float) -> View:
    """The window of ``shape`` (width : height) with the most interest; the whole picture if none stands out."""
    rows, columns = found.shape
    across = columns / rows > shape
    profile = found.sum(axis=0 if across else 1).astype(np.float64)
    length = len(profile)
    window = max(1, round(rows * shape if across else columns / shape))
    if window >= length:
        return View(0.5)
    middle = np.abs(np.linspace(-1, 1, length))
    sums = np.convolve(profile * (1.05 - 0.1 * middle), np.ones(window), "valid")
    if profile.sum() <= 1e-6 or sums.max() < STANDS_OUT * profile.sum() * window / length:
        return View(None)
    near_best = np.flatnonzero(sums >= sums.max() * 0.98)
    start = int(near_best[np.argmin(np.abs(near_best + window / 2 - length / 2))])
    return View(start / (length - window))


@dataclass
class Follower:
    """Hands frames on with the view for their shot, up to `LOOK_AHEAD` frames late.

    ``shape`` is the target's width : height in the picture's own (turned) pixels; ``fixed`` overrides the choice.
    """

    shape: float
    quarter_turns: int = 0
    fixed: View | None = None
    _held: list[tuple[int, VideoFrame]] = field(default_factory=list)
    _thumbs: list[Thumb] = field(default_factory=list)
    _view: View | None = None
    _usual: float = 0.0

    def take(self, at: int, frame: VideoFrame) -> Iterator[tuple[int, VideoFrame, View]]:
        if self.fixed is not None:
            yield at, frame, self.fixed
            return
        thumb = thumbnail(frame, self.quarter_turns)
        if self._thumbs and self._is_cut(thumb):
            yield from self.finish()
            self._thumbs, self._view, self._usual = [], None, 0.0
        if self._view is not None:
            self._thumbs = [thumb]
            yield at, frame, self._view
            return
        self._held.append((at, frame))
        self._thumbs.append(thumb)
        if len(self._thumbs) >= LOOK_AHEAD:
            yield from self.finish()
            self._thumbs = [thumb]

    def finish(self) -> Iterator[tuple[int, VideoFrame, View]]:
        """Decide with what has been seen and hand on what is held."""
        if self._held and self._view is None:
            self._view = best_view(interest(self._thumbs), self.shape)
        for at, frame in self._held:
            yield at, frame, self._view or View(0.5)
        self._held = []

    def _is_cut(self, thumb: Thumb) -> bool:
        moved = distance(self._thumbs[-1], thumb)
        is_cut = moved > CUT_DISTANCE and moved > CUT_RATIO * self._usual
        self._usual = 0.8 * self._usual + 0.2 * moved if self._usual else moved
        return is_cut
