"""Read back what was made of an exact HLS clip, between the title's own fragments, as a player would."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import pairwise

import av

from groundswell.media.errors import MediaError
from groundswell.media.output.check import LOOK_ON, Witness, compare
from groundswell.media.output.similarity import plane_of


def check_joint(data: bytes, shown: Sequence[int], witnesses: dict[int, Witness], *, begin: int | None = None) -> None:
    """Raise ``check_failed`` unless the init segment and fragments ``data`` hold just the pictures ``shown`` (pts) in
    rising decoding order, and those up to the last with a witness decode, undamaged and looking like it. Those shown
    before ``begin`` are not looked at: they refer to pictures that are not in ``data``."""
    expected = sorted(shown)
    known = [n for n, pts in enumerate(expected) if pts in witnesses]
    last = min((known[-1] if known else 0) + LOOK_ON, len(expected) - 1)
    try:
        with av.open(io.BytesIO(data), "r", format="mp4") as joint:
            packets = [p for p in joint.demux(video=0) if p.size]
            if sorted(p.pts or 0 for p in packets) != expected:
                raise MediaError("check_failed", "Pictures are not at their times.")
            if any((a.dts or 0) >= (b.dts or 0) for a, b in pairwise(packets)):
                raise MediaError("check_failed", "Decoding times do not rise.")
            joint.seek(0)
            skipped = 0 if begin is None else sum(pts < begin for pts in expected)
            looked_at = (frame for frame in joint.decode(video=0) if begin is None or (frame.pts or 0) >= begin)
            for n, frame in enumerate(looked_at, skipped):
                if frame.pts != expected[n] or frame.is_corrupt:
                    raise MediaError("check_failed", f"Picture {n} does not decode.")
                if expected[n] in witnesses:
                    compare(n, plane_of(frame), witnesses[expected[n]])
                if n >= last:
                    return
    except av.error.FFmpegError as error:
        raise MediaError("check_failed", f"The clip does not read back ({error}).") from error
    raise MediaError("check_failed", "Pictures do not decode.")
