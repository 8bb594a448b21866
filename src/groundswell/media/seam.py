"""How much the re-encoded edges of a clip differ from the title."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import av

from .check import luma, psnr
from .frames import decode_between
from .source import Source


def seam_psnr(title: Source, part: tuple[int, ...], clip: Path, number: int) -> float:
    """The luma PSNR in dB of the worst of the frames ``part`` (pts in the title; numbers from ``number`` on in the
    clip). Raises nothing: what cannot be compared counts as 0 dB."""
    with av.open(str(clip)) as made:
        encoded = islice(made.decode(video=0), number, number + len(part))
        source = (f for pts, f in decode_between(title, part[0], part[-1] + 1) if pts in part)
        return min((psnr(luma(a), luma(b)) for a, b in zip(source, encoded, strict=False)), default=0.0)
