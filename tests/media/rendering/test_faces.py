"""Upright and square clips cut no face in two."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from groundswell.media import ClipRequest, cut, cut_bounded_sync
from groundswell.media.rendering.crop import best_view, interest
from groundswell.media.rendering.faces import DetectedFace, find_faces
from tests.media.portraits import scene

SIZE = (640, 360)
UPRIGHT = 9 / 16


def grey(picture: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.asarray(picture.convert("L"))


def view(picture: Image.Image, shape: float = UPRIGHT) -> float | None:
    coarse = np.asarray(picture.convert("L").resize((96, 54)), np.float32)
    return best_view(interest([coarse]), shape, find_faces(grey(picture))).at


def window(at: float, shape: float = UPRIGHT) -> tuple[float, float]:
    """The part of the width that a crop of ``SIZE`` shows."""
    wide = SIZE[1] * shape / SIZE[0]
    return at * (1 - wide), at * (1 - wide) + wide


@pytest.mark.parametrize("at", [0.15, 0.5, 0.85])
@pytest.mark.parametrize("tall", [0.25, 0.5, 0.7])
def test_a_face_is_found_where_it_is(at: float, tall: float) -> None:
    (found, *more) = find_faces(grey(scene(*SIZE, [(at, tall)])))
    assert more == []
    assert abs((found.left + found.right) / 2 - at) < 0.03
    assert find_faces(grey(scene(*SIZE, [], busy_at=at))) == []


@pytest.mark.parametrize("at", [0.15, 0.35, 0.65, 0.85])
def test_a_face_is_shown_whole_whatever_else_draws_the_eye(at: float) -> None:
    picture = scene(*SIZE, [(at, 0.5)], busy_at=1 - at)
    chosen = view(picture)
    assert chosen is not None
    left, right = window(chosen)
    (face,) = find_faces(grey(picture))
    assert left <= face.left
    assert face.right <= right


def test_of_two_far_apart_the_larger_is_shown_and_the_other_not_cut() -> None:
    chosen = view(scene(*SIZE, [(0.2, 0.5), (0.62, 0.3)]))
    assert chosen is not None
    left, right = window(chosen)
    assert left <= 0.2 - 0.11
    assert right <= 0.62 - 0.06


def test_two_that_fit_are_both_shown() -> None:
    chosen = view(scene(*SIZE, [(0.6, 0.4), (0.8, 0.4)]), shape=1.0)
    assert chosen is not None
    left, right = window(chosen, 1.0)
    assert left <= 0.52
    assert right >= 0.88


def test_what_no_window_holds_is_shown_whole() -> None:
    large = [DetectedFace(0.2, 0.0, 0.8, 1.0)]
    assert best_view(np.ones((54, 96), np.float32), UPRIGHT, large).at is None


def test_without_faces_the_eye_goes_where_it_went() -> None:
    chosen = view(scene(*SIZE, [], busy_at=0.8))
    assert chosen is not None
    left, right = window(chosen)
    assert left < 0.8 < right


@pytest.mark.slow
@pytest.mark.parametrize("bounded", [False, True])
def test_a_clip_shows_the_face_of_each_shot(tmp_path: Path, bounded: bool) -> None:
    """Left in one shot, right in the next, with stripes on the other side."""
    source = film(tmp_path / "film.mp4", [(0.2, 0.8), (0.8, 0.2)])
    request = ClipRequest(start_us=0, end_us=2_000_000, profile="vertical")
    (cut_bounded_sync if bounded else cut)(source, request, tmp_path / "clip.mp4")
    with av.open(str(tmp_path / "clip.mp4")) as container:
        frames = [frame.to_image() for frame in container.decode(video=0)]
    for picture in (frames[10], frames[-10]):
        (face, *_) = find_faces(grey(picture.resize((270, 480))))
        assert face.left > 0.05
        assert face.right < 0.95


def film(path: Path, shots: list[tuple[float, float]]) -> Path:
    """A second of each: a face at the first place, stripes at the second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(25), options={"crf": "18"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for at, busy in shots:
            picture = scene(*SIZE, [(at, 0.5)], busy_at=busy)
            for _ in range(25):
                container.mux(stream.encode(av.VideoFrame.from_image(picture)))
        container.mux(stream.encode())
    return path
