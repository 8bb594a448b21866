"""Clips of titles whose file is not one run of rising times show what a player shows, whatever is done to them.

The same titles each time; ``GROUNDSWELL_LONG_TESTS=1`` draws many more anew.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from groundswell.media import (
    ClipRequest,
    ExactHls,
    MediaError,
    NotExact,
    TitleIndex,
    cut,
    exact_hls,
    package,
    probe,
    storyboard,
)
from groundswell.media.reading.account import Position, check_positions
from tests.media.conftest import FilmMaker
from tests.media.film import Film, burst_times, make, numbers
from tests.media.hls.test_exact_hls import played
from tests.media.timelines import Made, Shown, Stamps, stream, with_edits

LONG = "GROUNDSWELL_LONG_TESTS" in os.environ
HALF_US = Fraction(1, 2_000_000)
CLOSE = Fraction(1, 900)
"""A tick of a transport stream's clock for each of a join's sides, and the milliseconds of some containers."""
PIECE = Film(container="mpegts", frames=40, gop=10, size=(128, 72))
SHARED = Path(__file__).parents[4] / "shared/cases/media"


def between(frames: list[Shown], start_us: int, end_us: int) -> list[Shown]:
    start, end = Fraction(start_us, 10**6), Fraction(end_us, 10**6)
    return [shown for shown in frames if start - HALF_US <= shown.at < end - HALF_US]


def assert_shows(path: Path, expected: list[Shown]) -> None:
    """The frames, in order, each at its time after the first."""
    made = numbers(path)
    assert [number for _, number in made] == [shown.number for shown in expected]
    for n, ((at, _), shown) in enumerate(zip(made, expected, strict=True)):
        shares = any(near.at == shown.at for near in expected[max(0, n - 3) : n])  # the time of pictures before it
        allowed = CLOSE + (Fraction(1, 20) if shares else 0)
        assert abs((at - made[0][0]) - (shown.at - expected[0].at)) <= allowed


def assert_cut(made: Made, start_us: int, end_us: int, folder: Path) -> None:
    expected, clip = between(made.frames, start_us, end_us), folder / "clip.mp4"
    with av.logging.Capture():
        result = cut(made.path, ClipRequest(start_us=start_us, end_us=end_us), clip)
    assert result.frames == len(expected)
    assert abs(result.first_pts_us - expected[0].at * 10**6) <= 1200
    assert_shows(clip, expected)
    assert_heard(made, clip, expected, result.duration_us)


def assert_heard(made: Made, clip: Path, expected: list[Shown], duration_us: int) -> None:
    """Bursts of sound are heard within 10 ms of their time, but for those near a join, which may be cut in two."""
    joins = [b.at for a, b in pairwise(made.frames) if a.piece != b.piece]
    heard = burst_times(clip) if made.bursts else []
    for burst in made.bursts:
        at = burst - expected[0].at
        if not Fraction(1, 10) < at < Fraction(duration_us, 10**6) - Fraction(1, 10):
            continue
        if all(abs(burst - join) > Fraction(1, 10) for join in joins):
            assert min((abs(h - float(at)) for h in heard), default=9.0) <= 0.0105


def assert_packaged(made: Made, folder: Path) -> None:
    """The package shows every frame, and an exact clip of it those between."""
    with av.logging.Capture():
        pack = package(made.path, folder)
    shown = numbers(folder / "video.mp4")
    assert [number for _, number in shown] == [each.number for each in made.frames]
    assert all(abs(at - pack.lead - each.at) <= CLOSE for (at, _), each in zip(shown, made.frames, strict=True))
    start_us, end_us = round((made.frames[0].at + made.end) / 3 * 10**6), round(made.end * 10**6 * 3 / 4)
    expected = [each.number for each in between(made.frames, start_us, end_us)]
    if not expected:  # all of it lies in a gap
        return
    exact = exact_hls(pack, folder, start_us, end_us, folder / "exact")
    if isinstance(exact, ExactHls):
        assert [number for _, number in numbers(played(exact.video, folder, folder / "exact"))] == expected


@contextmanager
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


Drawn = tuple[list[Film], list[Fraction], int, Stamps | None]


@st.composite
def streams(draw: st.DrawFn) -> Drawn:
    films, first = [], 0
    for _ in range(draw(st.integers(1, 3))):
        frames = draw(st.integers(12, 45))
        films.append(
            Film(
                container="mpegts",
                frames=frames,
                first=first,
                gop=draw(st.sampled_from([5, 12, 30])),
                b_frames=draw(st.integers(0, 3)),
                open_gop=draw(st.booleans()),
                size=(128, 72),
                options=(("crf", str(draw(st.sampled_from([20, 24])))),),
            )
        )
        first += frames
    leaps = st.sampled_from([Fraction(n) for n in ("-30", "-1.52", "-0.52", "0.32", "4", "11", "3600")])
    stamps = draw(st.sampled_from([None, None, keys_without_dts, some_without_any]))
    gaps = [draw(leaps) for _ in films[1:]]
    seconds = draw(st.sampled_from([None, 1, 3, 3600]))
    shift = 0 if seconds is None else (1 << 33) - (seconds + 100) * 90_000
    return films, gaps, shift, stamps


def keys_without_dts(number: int, pts: int, dts: int | None) -> tuple[int | None, int | None]:
    """Decoding times left out of every tenth picture."""
    return pts, None if number >= 0 and number % 10 == 0 else dts


def some_without_any(number: int, pts: int, dts: int | None) -> tuple[int | None, int | None]:
    """Two pictures in a row without a time, now and then."""
    return (None, None) if number >= 0 and number % 9 in (4, 5) else (pts, dts)


@pytest.mark.slow
@settings(
    max_examples=400 if LONG else 16,
    phases=[Phase.explicit, Phase.generate],  # what fails is small, and shrinking it takes minutes
    derandomize=not LONG,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(drawn=streams(), data=st.data())
def test_streams_of_any_pieces(drawn: Drawn, data: st.DataObject) -> None:
    films, gaps, shift, stamps = drawn
    with scratch() as folder:
        made = stream(films, gaps, folder, shift, stamps)
        count = len(made.frames)
        a = data.draw(st.integers(0, count - 1), label="first")
        b = data.draw(st.integers(a, count - 1), label="last")
        assert_cut(made, _before(made, a), _after(made, b), folder)
        if stamps is not some_without_any:
            assert_packaged(made, folder)


def _before(made: Made, n: int) -> int:
    """An instant between a frame and the one before, in microseconds."""
    return max(0, round((made.frames[n].at - Fraction(1, 60)) * 10**6))


def _after(made: Made, n: int) -> int:
    return round((made.frames[n].at + Fraction(1, 60)) * 10**6)


@pytest.mark.slow
@settings(
    max_examples=200 if LONG else 12,
    phases=[Phase.explicit, Phase.generate],
    derandomize=not LONG,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(data=st.data(), gop=st.sampled_from([5, 12, 60]), b_frames=st.integers(0, 3))
def test_mp4s_with_any_edits(data: st.DataObject, gop: int, b_frames: int) -> None:
    """Held against a decoder that reads the file from its first byte. (Where pieces overlap by a frame or two, it shows
    them one after the other.)"""
    frames = st.integers(0, 50)
    with scratch() as folder:
        film = make(Film(frames=60, gop=gop, b_frames=b_frames, size=(128, 72)), folder / "film")
        edits = [
            (Fraction(start, 25), Fraction(data.draw(st.integers(3, 60 - start)), 25))
            for start in data.draw(st.lists(frames, min_size=1, max_size=4))
        ]
        path = with_edits(film, edits, folder / "edited.mp4")
        shown = numbers(path)
        made = Made(path, _one_after_the_other(shown), shown[-1][0] + Fraction(1, 25), [])
        a = data.draw(st.integers(0, len(shown) - 1), label="first")
        b = data.draw(st.integers(a, len(shown) - 1), label="last")
        assert_cut(made, _before(made, a), _after(made, b), folder)
        assert_packaged(made, folder)


def _one_after_the_other(shown: list[tuple[Fraction, int]]) -> list[Shown]:
    frames: list[Shown] = []
    for at, number in shown:
        at = max(at, frames[-1].at) if frames else at
        frames.append(Shown(at, number, 0))
    return frames


@pytest.mark.slow
@pytest.mark.parametrize("frames", range(12, 21))
@pytest.mark.parametrize("b_frames", [0, 2])
def test_pictures_without_a_time_beside_a_gap(tmp_path: Path, frames: int, b_frames: int) -> None:
    """Two in a row, wherever they fall: before the gap, after it, on either side."""
    films = [replace(PIECE, frames=frames, b_frames=b_frames), replace(PIECE, first=frames, frames=30)]
    made = stream(films, [Fraction("0.64")], tmp_path, drops=some_without_any)
    assert_cut(made, 0, 10_000_000, tmp_path)
    assert_cut(made, _before(made, frames - 3), _after(made, frames + 3), tmp_path)


def test_a_clock_that_starts_again_is_one_timeline(tmp_path: Path) -> None:
    films = [PIECE, Film(**{**PIECE.__dict__, "first": 40, "frames": 60})]
    made = stream(films, [Fraction("-1.52")], tmp_path)
    index = probe(made.path)
    assert abs(index.duration_us - made.end * 10**6) < 1500
    assert index.timeline is not None
    assert len(index.timeline.pieces) == 2
    assert TitleIndex.from_json(index.to_json()) == index
    assert_cut(made, 0, 10_000_000, tmp_path)
    assert_cut(made, 1_300_000, 2_100_000, tmp_path)
    alone = cut(made.path, ClipRequest(start_us=2_000_000, end_us=3_000_000), tmp_path / "clip.mp4")
    assert (alone.mode, alone.frames) == ("smart", 25)
    tiles = storyboard(made.path, tmp_path / "s.jpg", tiles=8).times_us
    assert tiles[-1] > 2_500_000
    assert len(tiles) >= 4


def test_pictures_that_change_their_size_at_a_join(tmp_path: Path) -> None:
    other = Film(**{**PIECE.__dict__, "first": 40, "size": (192, 108)})
    made = stream([PIECE, other], [Fraction("-1.52")], tmp_path)
    result = cut(made.path, ClipRequest(start_us=2_000_000, end_us=2_800_000), tmp_path / "clip.mp4")
    assert (result.frames, result.width, result.height) == (20, 192, 108)
    across = cut(made.path, ClipRequest(start_us=1_200_000, end_us=2_000_000), tmp_path / "clip.mp4")
    assert (across.frames, across.width, across.fallback_reason) == (20, 128, "join")
    pack = package(made.path, tmp_path)
    assert (pack.video.width, pack.video.height, len(numbers(tmp_path / "video.mp4"))) == (128, 72, 80)


def test_what_an_edit_list_takes_out_is_nowhere(film_of: FilmMaker, tmp_path: Path) -> None:
    film = film_of(Film(frames=100, gop=25, size=(128, 72)))
    path = with_edits(film, [(Fraction(0), Fraction(1)), (Fraction(66, 25), Fraction(1))], tmp_path / "edited.mp4")
    kept = [*range(25), *range(66, 91)]
    assert [number for _, number in numbers(path)] == kept
    assert cut(path, ClipRequest(start_us=0, end_us=9_000_000), tmp_path / "clip.mp4").frames == 50
    assert [number for _, number in numbers(tmp_path / "clip.mp4")] == kept
    package(path, tmp_path)
    assert [number for _, number in numbers(tmp_path / "video.mp4")] == kept
    heard = burst_times(tmp_path / "audio0.mp4")
    assert all(min(abs(h - b) for h in heard) < 0.02 for b in (0.5,))


@pytest.mark.parametrize("silent", [0, 1])
def test_sound_that_only_one_piece_has_is_heard_there(tmp_path: Path, silent: int) -> None:
    """And where it begins part of the way through, the title is refused: a clip of that part would be silent."""
    films = [replace(PIECE, audio=None if n == silent else "aac", first=40 * n) for n in range(2)]
    made = stream(films, [Fraction("-1.52")], tmp_path)
    if silent == 0:
        with pytest.raises(MediaError, match="tracks_change"), av.logging.Capture():
            probe(made.path)
        return
    assert_cut(made, 0, 10_000_000, tmp_path)
    heard = burst_times(tmp_path / "clip.mp4")
    assert len(heard) == 3, "silence where there is none"
    assert_packaged(made, tmp_path)


def test_what_is_heard_first_behind_a_join_is_not_cut_off(tmp_path: Path) -> None:
    """The last packet before a join runs on beyond it; what begins there is what is heard."""
    films = [replace(PIECE, frames=45), replace(PIECE, first=45)]
    made = stream(films, [Fraction("-1.52")], tmp_path)
    with av.logging.Capture():
        cut(made.path, ClipRequest(start_us=0, end_us=9_000_000), tmp_path / "clip.mp4")
    joined = float(made.frames[45].at - made.frames[0].at)
    assert min(abs(at - joined) for at in burst_times(tmp_path / "clip.mp4")) <= 0.0105


def test_sound_whose_clock_goes_on_where_the_pictures_starts_again(tmp_path: Path) -> None:
    film = replace(PIECE, frames=80, first=0)
    made = stream([film], [], tmp_path, drops=lambda n, p, d: (p - 90_000, d and d - 90_000) if n >= 40 else (p, d))
    clip = tmp_path / "clip.mp4"
    with av.logging.Capture():
        assert cut(made.path, ClipRequest(start_us=0, end_us=9_000_000), clip).frames == 80
    heard = burst_times(clip)
    for burst in (0.5, 1.0, 2.0, 2.5):
        assert min(abs(at - burst) for at in heard) < 0.03


@pytest.mark.parametrize("by", [900_000, -90_000])
def test_a_picture_whose_time_is_of_another_clock_is_refused(tmp_path: Path, by: int) -> None:
    """Not taken for a recording of its own, which would lose the pictures around it."""
    film = replace(PIECE, frames=80, b_frames=3)
    made = stream([film], [], tmp_path, drops=lambda n, p, d: (p + by, d) if n == 33 else (p, d))
    with pytest.raises(MediaError, match="those of the pictures around them"):
        probe(made.path)


@pytest.mark.parametrize(
    "seen",
    [
        [(0, 0), (0, 4), (0, 8), (1, 3), (1, 4)],
        [(0, 0), (0, 4), (1, 3)],
        [(0, 4), (0, 4), (0, 8), (1, 3)],
        [(0, 0), (0, 4), (1, 3), (0, 8)],
        [(0, 0), (0, 4), (0, 8)],
    ],
)
def test_frames_that_are_not_the_titles_each_once_fail_the_check(seen: list[Position]) -> None:
    told = [(0, 0), (0, 4), (0, 8), (1, 3)]
    check_positions(told, told, whole=True)
    with pytest.raises(MediaError) as caught:
        check_positions(seen, told, whole=True)
    assert caught.value.code == "check_failed"


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason="the shared cases are not beside this checkout")
@pytest.mark.parametrize(
    ("name", "start_us", "end_us", "frames"),
    [
        ("ptsonly.ts", 0, 2_000_000, 59),
        ("ptsonly.ts", 0, 900_000, 26),
        ("wrap.ts", 0, 5_900_000, 147),
        ("twoedits.mp4", 0, 9_000_000, 98),
        ("twoedits.mp4", 1_128_000, 2_767_000, 38),
        ("reset.ts", 0, 9_000_000, 179),
    ],
)
def test_the_shared_cases(name: str, start_us: int, end_us: int, frames: int, tmp_path: Path) -> None:
    with av.logging.Capture():
        assert cut(SHARED / name, ClipRequest(start_us=start_us, end_us=end_us), tmp_path / "clip.mp4").frames == frames
        pack = package(SHARED / name, tmp_path)
        exact = exact_hls(pack, tmp_path, start_us, end_us, tmp_path / "exact")
    if isinstance(exact, NotExact):  # two of its pictures share a time: its clip is streamed to the segment
        assert (name, exact.reason) == ("ptsonly.ts", "doubled_times")
    else:
        assert exact.frames == frames
