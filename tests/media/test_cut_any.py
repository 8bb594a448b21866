"""Whatever a title is made of and wherever it is cut: exact.

The same 75 titles each time, so that a change is judged by what it changed; ``GROUNDSWELL_LONG_TESTS=1`` draws 1,000
anew (``--hypothesis-seed=N`` says which).
"""

import os
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groundswell.media import ClipRequest, cut
from tests.media.conftest import FilmMaker
from tests.media.exactness import assert_exact, frames_between
from tests.media.film import Film

LONG = "GROUNDSWELL_LONG_TESTS" in os.environ
RATES = [Fraction(24), Fraction(25), Fraction(30), Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60)]
COMBINATIONS = [
    ("mp4", "libx264", "aac"),
    ("mp4", "libx264", "libopus"),
    ("mp4", "libx265", "aac"),
    ("mov", "libx264", "pcm_s16le"),
    ("matroska", "libx264", "aac"),
    ("matroska", "libx264", "flac"),
    ("matroska", "libx265", "ac3"),
    ("mpegts", "libx264", "aac"),
    ("mpegts", "mpeg2video", "mp2"),
    ("webm", "libvpx-vp9", "libopus"),
    ("mp4", "mpeg4", None),
    ("avi", "mpeg4", "mp3"),
    ("flv", "libx264", "aac"),
]


@st.composite
def films(draw: st.DrawFn) -> Film:
    container, codec, audio = draw(st.sampled_from(COMBINATIONS))
    reorders = codec in ("libx264", "libx265", "mpeg2video")
    rate = draw(st.sampled_from(RATES))
    unsteady = container in ("mp4", "matroska") and codec in ("libx264", "libvpx-vp9") and draw(st.booleans())
    steps = draw(st.lists(st.integers(8, 90), min_size=47, max_size=47)) if unsteady else []
    return Film(
        container=container,
        codec=codec,
        audio=audio,
        rate=rate,
        frames=48,
        gop=draw(st.sampled_from([1, 5, 12, 48])) if codec != "libx265" else 12,
        b_frames=draw(st.integers(0, 3)) if reorders else 0,
        open_gop=reorders and codec != "mpeg2video" and draw(st.booleans()),
        tick=Fraction(1, 1000) if unsteady else None,
        times=tuple(sum(steps[:n]) for n in range(48)) if unsteady else None,
        start=draw(st.sampled_from([Fraction(0), Fraction(1, 4), Fraction(100)])),
        size=(128, 72),
        movflags=draw(st.sampled_from(["", "", "frag_keyframe+empty_moov"])) if container == "mp4" else "",
    )


@pytest.mark.slow
@pytest.mark.timeout(3600 if LONG else 300)
@settings(
    max_examples=1000 if LONG else 75,
    derandomize=not LONG,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(film=films(), data=st.data())
def test_any_title_cut_anywhere_is_exact(film_of: FilmMaker, film: Film, data: st.DataObject) -> None:
    source = film_of(film)
    ends_us = int(film.seconds(film.frames - 1) * 10**6)
    start_us = data.draw(st.integers(0, ends_us), label="start")
    end_us = data.draw(st.integers(start_us + 1, ends_us + 500_000), label="end")
    if not frames_between(source, start_us, end_us):
        return
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        with av.logging.Capture():
            result = cut(source, ClipRequest(start_us=start_us, end_us=end_us), clip)
        assert_exact(source, clip, start_us, end_us, result, film)
