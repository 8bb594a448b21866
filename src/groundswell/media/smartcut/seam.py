"""How much the re-encoded edges of a clip differ from the title."""

from __future__ import annotations

import math
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.frame import VideoFrame

from groundswell.media.reading.frames import decode_between
from groundswell.media.reading.source import OpenSource

Luma = np.ndarray[tuple[int, ...], np.dtype[Any]]


def luma(frame: VideoFrame) -> Luma:
    """The brightness plane without padding. Shape (height, width); 16-bit numbers for more than 8 bits."""
    plane = frame.planes[0]
    deep = frame.format.components[0].bits > 8
    grid = np.frombuffer(memoryview(plane), np.uint16 if deep else np.uint8).reshape(plane.height, -1)
    return np.asarray(grid[: frame.height, : frame.width].copy())


def psnr(a: Luma, b: Luma) -> float:
    """Peak signal to noise ratio in dB of two planes of 8 or of 10 bits; 99 when they are the same."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return 0.0
    peak = 255.0 if a.dtype == np.uint8 else 1023.0
    error = float(np.square(a.astype(np.int32) - b).mean())
    return 99.0 if error == 0 else min(99.0, 10 * math.log10(peak**2 / error))


def seam_psnr(title: OpenSource, part: tuple[int, ...], clip: Path, number: int) -> float:
    """The luma PSNR in dB of the worst of the frames ``part`` (pts in the title; numbers from ``number`` on in the
    clip). Raises nothing: what cannot be compared counts as 0 dB."""
    with av.open(str(clip)) as made:
        encoded = islice(made.decode(video=0), number, number + len(part))
        source = (f for pts, f in decode_between(title, part[0], part[-1] + 1) if pts in part)
        return min((psnr(luma(a), luma(b)) for a, b in zip(source, encoded, strict=False)), default=0.0)
