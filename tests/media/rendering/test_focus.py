"""The crop of upright clips by hand: throughout, or one for each shot."""

from pathlib import Path

import av
import numpy as np
import pytest

from groundswell.media import ClipRequest, MediaError, cut
from groundswell.media.request import Focus
from tests.catalog.films import RATE, film

LEFT_AT, RIGHT_AT = 10, 50
"""Frames of the film whose yellow bar stands at the left, and at the right of the picture."""


def bars(clip: Path) -> list[bool]:
    """Whether the yellow bar is seen in each frame."""
    with av.open(str(clip)) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return [bool((np.min(picture[..., :2], axis=-1) > 180).mean() > 0.05) for picture in pictures]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("focus", "left", "right"),
    [(0.0, True, False), (1.0, False, True), ([(0, 0.0), (1_500_000, 1.0)], True, True)],
)
def test_each_shot_shows_what_was_chosen_for_it(tmp_path: Path, focus: Focus, left: bool, right: bool) -> None:
    source = film(tmp_path / "film.mp4", sound=None)
    cut(source, ClipRequest(start_us=0, end_us=2_500_000, profile="vertical", focus=focus), tmp_path / "clip.mp4")
    seen = bars(tmp_path / "clip.mp4")
    assert len(seen) == 2.5 * RATE
    assert (seen[LEFT_AT], seen[RIGHT_AT]) == (left, right)


@pytest.mark.parametrize("focus", [1.5, [(0, 0.5), (1_000_000, -0.1)]])
def test_nothing_outside_the_picture_can_be_chosen(tmp_path: Path, focus: Focus) -> None:
    source = film(tmp_path / "film.mp4", sound=None)
    with pytest.raises(MediaError, match="focus"):
        cut(source, ClipRequest(start_us=0, end_us=2_500_000, profile="vertical", focus=focus), tmp_path / "clip.mp4")
