"""Choose what part of a wide picture a tall clip shows: where there is contrast and movement, locked for each shot.

Thumbnails are sampled from the brightness plane. A shot's map of interest is its local contrast plus
`MOTION_WEIGHT` times its mean movement over the first frames of the shot, with a mild preference for
the middle. The crop is the window with the most interest in it; if that holds hardly more than any window would,
nothing stands out, and the picture is better shown whole between blurred sides.

Faces come first: where there are any (``faces``), the window is one that cuts none in two and holds as much of faces as
it can, and among those the one with the most interest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from av.video.frame import VideoFrame

from . import faces as face_finder
from .faces import DetectedFace, Grey, find_faces

LONG_SIDE = 96
LOOK_AHEAD = 12
LOOKED_AT = 2
"""Frames of a shot's first in which faces are looked for."""

FACE_MARGIN = 0.25
"""Of a face's length, on either side: hair, chin, and what it moves meanwhile."""

MOTION_WEIGHT = 3.0
STANDS_OUT = 1.12
CUT_DISTANCE = 22.0
CUT_RATIO = 3.5
Thumb = np.ndarray[tuple[int, ...], np.dtype[np.float32]]
Profile = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True)
class CropWindow:
    """Where the crop's centre lies along the side with room to spare, 0 to 1; None: show the whole picture."""

    at: float | None


def thumbnail(frame: VideoFrame, quarter_turns: int = 0, long_side: int = LONG_SIDE) -> Thumb:
    """The brightness of a frame on a coarse grid, 0 to 255, turned clockwise. Shape (rows, columns)."""
    bits, plane = frame.format.components[0].bits, frame.planes[0]
    dtype = np.uint8 if bits <= 8 else np.uint16
    grid = np.frombuffer(memoryview(plane), dtype).reshape(plane.height, -1)[:, : plane.width]
    step = max(1, max(grid.shape) // long_side)
    small = grid[::step, ::step].astype(np.float32)
    if bits > 8:
        small /= 2.0 ** (bits - 8)
    return np.rot90(small, -quarter_turns)


def _grey(frame: VideoFrame, quarter_turns: int) -> Grey:
    return np.asarray(thumbnail(frame, quarter_turns, face_finder.LONG_SIDE), np.uint8)


def distance(a: Thumb, b: Thumb) -> float:
    return float(np.abs(a - b).mean()) if a.shape == b.shape else 255.0


def interest(thumbs: Sequence[Thumb]) -> Thumb:
    """A shot's map of interest from its first thumbnails."""
    first = thumbs[0]
    contrast = np.abs(np.gradient(first, axis=0)) + np.abs(np.gradient(first, axis=1))
    moved = [np.abs(b - a) for a, b in pairwise(thumbs)]
    motion = np.mean(moved, axis=0) if moved else np.zeros_like(first)
    return np.asarray(contrast + MOTION_WEIGHT * motion, np.float32)


def best_view(found: Thumb, shape: float, faces: Sequence[DetectedFace] = ()) -> CropWindow:
    """The window of ``shape`` (width : height) with the most interest; the whole picture if none stands out, or if no
    window holds a face whole."""
    rows, columns = found.shape
    across = columns / rows > shape
    profile = found.sum(axis=0 if across else 1).astype(np.float64)
    length = len(profile)
    window = max(1, round(rows * shape if across else columns / shape))
    if window >= length:
        return CropWindow(0.5)
    middle = np.abs(np.linspace(-1, 1, length))
    sums = np.convolve(profile * (1.05 - 0.1 * middle), np.ones(window), "valid")
    if faces:
        return _around(_along(faces, across, length, window), sums, window, length)
    if profile.sum() <= 1e-6 or sums.max() < STANDS_OUT * profile.sum() * window / length:
        return CropWindow(None)
    near_best = np.flatnonzero(sums >= sums.max() * 0.98)
    start = int(near_best[np.argmin(np.abs(near_best + window / 2 - length / 2))])
    return CropWindow(start / (length - window))


def _along(faces: Sequence[DetectedFace], across: bool, length: int, window: int) -> list[tuple[float, float, float]]:
    """(begin, end, weight) of each face along the side with room to spare, in cells; larger ones weigh more. What is
    left beside it shrinks where the window, which begins at a whole cell, would not hold it otherwise."""
    found = []
    for face in faces:
        begin, end = (face.left, face.right) if across else (face.top, face.bottom)
        margin = max(0.0, min(FACE_MARGIN * (end - begin), ((window - 1) / length - (end - begin)) / 2))
        found.append((max(0.0, begin - margin) * length, min(1.0, end + margin) * length, face.area))
    return found


def _around(faces: list[tuple[float, float, float]], sums: Profile, window: int, length: int) -> CropWindow:
    """The window that holds the most of faces whole and cuts the least; among equals, that with the most interest."""
    starts = np.arange(len(sums), dtype=np.float64)
    held = np.zeros(len(sums))
    for begin, end, weight in faces:
        inside = (starts <= begin) & (end <= starts + window)
        outside = (end <= starts) | (starts + window <= begin)
        held += np.where(inside, weight, np.where(outside, 0.0, -weight))
    if held.max() <= 0:
        return CropWindow(None)
    best = np.flatnonzero(held >= held.max() - 1e-9)
    return CropWindow(float(best[np.argmax(sums[best])]) / (length - window))


@dataclass
class Follower:
    """Hands frames on with the view for their shot, up to `LOOK_AHEAD` frames late.

    ``shape`` is the target's width : height in the picture's own (turned) pixels; ``fixed``, windows
    by the time from which they hold, overrides the choice.
    """

    shape: float
    quarter_turns: int = 0
    fixed: Sequence[tuple[int, CropWindow]] = ()
    _held: list[tuple[int, VideoFrame]] = field(default_factory=list)
    _thumbs: list[Thumb] = field(default_factory=list)
    _view: CropWindow | None = None
    _usual: float = 0.0

    def take(self, at: int, frame: VideoFrame) -> Iterator[tuple[int, VideoFrame, CropWindow]]:
        if self.fixed:
            yield at, frame, next((window for begin, window in reversed(self.fixed) if begin <= at), self.fixed[0][1])
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

    def finish(self) -> Iterator[tuple[int, VideoFrame, CropWindow]]:
        """Decide with what has been seen and hand on what is held."""
        if self._held and self._view is None:
            self._view = best_view(interest(self._thumbs), self.shape, self._faces())
        for at, frame in self._held:
            yield at, frame, self._view or CropWindow(0.5)
        self._held = []

    def _faces(self) -> list[DetectedFace]:
        """Those in the first and the last of what is held."""
        step = max(1, (len(self._held) - 1) // (LOOKED_AT - 1))
        looked_at = [frame for _, frame in self._held[::step]][:LOOKED_AT]
        return [face for frame in looked_at for face in find_faces(_grey(frame, self.quarter_turns))]

    def _is_cut(self, thumb: Thumb) -> bool:
        moved = distance(self._thumbs[-1], thumb)
        is_cut = moved > CUT_DISTANCE and moved > CUT_RATIO * self._usual
        self._usual = 0.8 * self._usual + 0.2 * moved if self._usual else moved
        return is_cut
