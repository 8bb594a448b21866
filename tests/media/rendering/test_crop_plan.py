"""What an upright clip will show is known before it is made, and is what the clip shows."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from groundswell.media import ClipRequest, cut
from groundswell.media.rendering.crop_plan import crop_plan

RATE = 25
SHOT = 25
"""Frames of a shot."""


def two_shots(path: Path) -> Path:
    """A film whose first shot has all that moves at the left, and whose second has it at the right."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 192, 108, "yuv420p"
        for n in range(2 * SHOT):
            second = n >= SHOT
            picture = np.full((108, 192, 3), (20, 20, 60) if second else (150, 120, 90), np.uint8)
            at = (132 if second else 12) + n % 5 * 6
            picture[20:90, at : at + 16] = (255, 255, 0)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = n, Fraction(1, RATE)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


@pytest.mark.slow
def test_the_plan_is_told_shot_by_shot_and_the_clip_keeps_to_it(tmp_path: Path) -> None:
    source = two_shots(tmp_path / "film.mp4")
    plan = crop_plan(source, 0, 2_000_000, "vertical")
    assert [us for us, _ in plan] == [0, 1_000_000]
    (_, first), (_, second) = plan
    assert first is not None
    assert second is not None
    assert first < 0.3 < 0.7 < second
    for name, focus in (("by itself", None), ("as planned", plan)):
        cut(
            source, ClipRequest(start_us=0, end_us=2_000_000, profile="vertical", focus=focus), tmp_path / f"{name}.mp4"
        )
    pictures = []
    for name in ("by itself", "as planned"):
        with av.open(str(tmp_path / f"{name}.mp4")) as clip:
            pictures.append([frame.to_ndarray(format="gray") for frame in clip.decode(video=0)])
    assert all(np.array_equal(a, b) for a, b in zip(*pictures, strict=True))


@pytest.mark.parametrize(("profile", "shots"), [("wide", 0), ("square", 2)])
def test_only_what_crops_has_a_plan(tmp_path: Path, profile: str, shots: int) -> None:
    assert len(crop_plan(two_shots(tmp_path / "film.mp4"), 0, 2_000_000, profile)) == shots
