"""Ends move to the frame grid: the cut has exactly the frames that the trimmer showed."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.media import ClipRequest, cut, probe
from groundswell.moments.clips.frame_grid import TICK_US, FrameGrid, snapped
from tests.media.film import Film, make, numbers

FILMS = {
    "PAL in MP4": Film(frames=200, rate=Fraction(25)),
    "film in Matroska, whole milliseconds": Film("matroska", frames=200, rate=Fraction(24000, 1001)),
    "NTSC in MP4": Film(frames=200, rate=Fraction(30000, 1001)),
    "an offset transport stream": Film("mpegts", frames=200, rate=Fraction(50), start=Fraction(10)),
}


@pytest.mark.parametrize("name", FILMS)
def test_the_cut_begins_and_ends_with_the_frames_meant(name: str, tmp_path: Path) -> None:
    film = FILMS[name]
    source = make(film, tmp_path / "film")
    index = probe(source)
    grid = FrameGrid(index.video.frame_rate, index.video.start_us, index.duration_us)
    for first, last in [(0, 1), (31, 77), (100, 200)]:
        asked = [round(film.seconds(n) * 1_000_000) + index.video.start_us + 3000 for n in (first, last - 1)]
        asked[1] += round(1_000_000 / film.rate)
        start_us, end_us = snapped(asked[0], asked[1], grid)
        cut(source, ClipRequest(start_us=start_us, end_us=end_us), tmp_path / "clip.mp4")
        found = [number for _, number in numbers(tmp_path / "clip.mp4")]
        assert found == list(range(first, last))


RATES = st.sampled_from([Fraction(24000, 1001), Fraction(25), Fraction(30), Fraction(60000, 1001), Fraction(120)])


@given(RATES, st.integers(0, 90_000), st.integers(0, 7_000_000_000), st.integers(1, 100_000_000))
def test_snapping_is_near_and_done_once(rate: Fraction, first: int, start: int, length: int) -> None:
    grid = FrameGrid(rate, first, 8_000_000_000)
    start_us, end_us = snapped(start, start + length, grid)
    slack = 1_000_000 / rate / 2 + TICK_US
    assert 0 <= start_us < end_us
    assert abs(start_us - start) <= slack or start < first
    assert abs(end_us - start - length) <= slack or end_us - start_us <= 1_000_000 / rate + TICK_US
    assert snapped(start_us, end_us, grid) == (start_us, end_us)


def test_the_end_of_the_title_is_the_end() -> None:
    assert snapped(5_000_000, 10_000_000, FrameGrid(Fraction(25), 0, 9_990_000)) == (5_000_000, 9_990_000)


def test_an_unsteady_title_keeps_the_times_asked_for() -> None:
    assert snapped(1_234_567, 20_000_000, FrameGrid(None, 0, 10_000_000)) == (1_234_567, 10_000_000)
