"""Rendered profiles: size, shape, framing, captions, colour, loudness."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from groundswell.media import PROFILES, ClipRequest, Cue, cut, probe
from groundswell.media.audio.loudness import integrated_loudness
from groundswell.media.reading.orientation import Orientation
from groundswell.media.rendering.crop import Follower, best_view, interest
from groundswell.media.rendering.tone_map import HLG, PQ, to_sdr
from groundswell.media.subtitles.captions import Captions, drawn
from tests.media.conftest import FilmMaker
from tests.media.film import Film, burst_times, numbers

RENDERED = [name for name, profile in PROFILES.items() if profile.renders]


@pytest.mark.slow
@pytest.mark.parametrize("name", RENDERED)
@pytest.mark.parametrize(
    "film",
    [Film(), Film(rotation=90), Film(aspect=Fraction(4, 3)), Film(interlaced=True)],
    ids=["plain", "rotated", "wide samples", "interlaced"],
)
def test_every_profile_has_its_size_and_all_the_frames(
    film_of: FilmMaker, tmp_path: Path, name: str, film: Film
) -> None:
    clip = tmp_path / "clip.mp4"
    result = cut(film_of(film), ClipRequest(start_us=1_000_000, end_us=1_600_000, profile=name, focus=0.5), clip)
    video = probe(clip).video
    assert (video.coded_width, video.coded_height) == PROFILES[name].size == (result.width, result.height)
    assert (video.sample_aspect, video.rotation, video.is_vfr) == (1, 0, False)
    assert result.frames == len(numbers(clip)) == 15


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vertical", "square"])
def test_the_frames_of_a_rendered_clip_are_those_asked_for(film_of: FilmMaker, tmp_path: Path, name: str) -> None:
    film, clip = Film(), tmp_path / "clip.mp4"
    cut(film_of(film), ClipRequest(start_us=300_000, end_us=1_700_000, profile=name, focus=0.5), clip)
    height = PROFILES[name].size[1] if PROFILES[name].size else 0
    assert [n for _, n in numbers(clip, Fraction(height, film.size[1]))] == list(range(8, 43))


def test_a_wide_picture_in_a_wide_frame_has_no_bars_and_a_tall_one_has_them_at_its_sides(
    film_of: FilmMaker, tmp_path: Path
) -> None:
    for film, bars in ((Film(), False), (Film(size=(108, 192)), True)):
        clip = tmp_path / "clip.mp4"
        cut(film_of(film), ClipRequest(start_us=0, end_us=200_000, profile="wide"), clip)
        with av.open(str(clip)) as container:
            grey = next(container.decode(video=0)).to_ndarray(format="gray")
        assert (grey[:, :300].mean() < 20) == bars
        assert grey[:, 560:720].mean() > 35


def test_the_crop_follows_what_moves_and_stays_for_the_shot() -> None:
    """A square that trembles at the right of a still picture: the window lies at the right, in every frame."""
    follower = Follower(shape=9 / 16)
    views = []
    for n in range(40):
        grey = np.full((90, 160), 90, np.uint8)
        grey[30:60, 120 + n % 3 : 145 + n % 3] = 240
        frame = av.VideoFrame.from_ndarray(grey, format="gray").reformat(format="yuv420p")
        views += [view for _, _, view in follower.take(n, frame)]
    views += [view for _, _, view in follower.finish()]
    assert len(views) == 40
    assert len(set(views)) == 1
    assert views[0].at is not None
    assert views[0].at > 0.6


def test_a_new_shot_gets_a_crop_of_its_own() -> None:
    follower = Follower(shape=9 / 16)
    views = []
    for n in range(60):
        left = 15 if n < 30 else 120
        grey = np.full((90, 160), 40 if n < 30 else 130, np.uint8)
        grey[30:60, left : left + 25] = 240 if n % 2 else 220
        frame = av.VideoFrame.from_ndarray(grey, format="gray").reformat(format="yuv420p")
        views += [view for _, _, view in follower.take(n, frame)]
    views += [view for _, _, view in follower.finish()]
    assert [v.at is not None and v.at < 0.4 for v in views[:30]] == [True] * 30
    assert [v.at is not None and v.at > 0.6 for v in views[30:]] == [True] * 30


def test_where_nothing_stands_out_the_picture_is_shown_whole() -> None:
    assert best_view(np.ones((54, 96), np.float32), 9 / 16).at is None
    assert best_view(interest([np.zeros((54, 96), np.float32)]), 9 / 16).at is None


@pytest.mark.slow
def test_captions_are_drawn_when_they_are_heard_and_not_else(film_of: FilmMaker, tmp_path: Path) -> None:
    (tmp_path / "s.srt").write_text("1\n00:00:00,400 --> 00:00:00,800\nHello\n")
    plain, captioned = tmp_path / "plain.mp4", tmp_path / "captioned.mp4"
    source = film_of(Film(audio=None))
    cut(source, ClipRequest(start_us=0, end_us=1_200_000, profile="wide"), plain)
    cut(source, ClipRequest(start_us=0, end_us=1_200_000, profile="wide", subtitles=tmp_path / "s.srt"), captioned)
    with av.open(str(plain)) as a, av.open(str(captioned)) as b:
        changed = [
            np.abs(x.to_ndarray(format="gray").astype(int) - y.to_ndarray(format="gray"))[560:].max() > 90
            for x, y in zip(a.decode(video=0), b.decode(video=0), strict=True)
        ]
    assert changed == [10 <= n < 20 for n in range(30)]


@pytest.mark.parametrize(
    "text", ["Hello " * 30, "مرحبا بالعالم", "नमस्ते दुनिया", "こんにちは世界" * 8, "a" * 200, "one\ntwo\nthree"]
)
@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (720, 720), (64, 36)])
def test_captions_stay_within_their_margins(text: str, size: tuple[int, int]) -> None:
    seen = np.asarray(drawn(text, *size))[..., 3]
    rows, columns = np.nonzero(seen.any(axis=1))[0], np.nonzero(seen.any(axis=0))[0]
    assert len(rows)
    assert rows[-1] < size[1] * 0.97
    if size[0] > 100 and len(text) < 199:
        assert columns[0] > size[0] * 0.02
        assert columns[-1] < size[0] * 0.98


def test_captions_on_a_turned_picture_are_upright_for_the_viewer() -> None:
    """A player turns the coded picture clockwise by 90°, so its right edge becomes the bottom."""
    frame = av.VideoFrame.from_ndarray(np.full((180, 320), 90, np.uint8), format="gray").reformat(format="yuv420p")
    before = frame.to_ndarray(format="gray").copy()
    Captions([Cue(0, 10, "Hello")], 320, 180, Orientation(90)).draw(frame, 5)
    changed = np.abs(frame.to_ndarray(format="gray").astype(int) - before).max(axis=0)
    assert changed[200:].max() > 80
    assert changed[:160].max() < 20


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_tone_mapping_keeps_black_black_order_and_range(transfer: int) -> None:
    ramp = np.repeat(np.linspace(0, 1, 100)[:, None], 3, axis=1)
    made = to_sdr(ramp, transfer)
    assert made[0].max() < 0.01
    assert (np.diff(made[:, 0]) >= -1e-9).all()
    assert 0.97 <= made[-1].min() <= 1.0


def test_hdr_becomes_sdr_in_rendered_profiles(film_of: FilmMaker, tmp_path: Path) -> None:
    film = Film(codec="libx265", pixel_format="yuv420p10le", colour=(9, 16, 9), audio=None)
    cut(film_of(film), ClipRequest(start_us=0, end_us=200_000, profile="wide"), tmp_path / "clip.mp4")
    video = probe(tmp_path / "clip.mp4").video
    assert (video.codec, video.bit_depth, video.colour.transfer, video.colour.matrix) == ("h264", 8, 1, 1)


@pytest.mark.slow
def test_sound_of_a_rendered_clip_is_loud_enough_and_in_step(film_of: FilmMaker, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    cut(film_of(Film(frames=100)), ClipRequest(start_us=300_000, end_us=3_500_000, profile="square"), clip)
    expected = [0.5 * n - 0.32 for n in range(1, 7)]
    heard = burst_times(clip)
    assert all(min(abs(at - wanted) for at in heard) < 0.003 for wanted in expected)


def test_loudness_of_a_reference_tone() -> None:
    """EBU Tech 3341: a 1 kHz stereo sine at -23 dBFS measures -23 LUFS."""
    at = np.arange(48_000 * 3) / 48_000
    tone = (10 ** (-23 / 20) * np.sin(2 * np.pi * 1000 * at)).astype(np.float32)
    assert integrated_loudness(iter([np.stack([tone, tone])]), 48_000, "stereo") == pytest.approx(-23, abs=0.2)


@pytest.mark.slow
def test_quality_gives_way_where_the_file_would_grow_too_large(
    film_of: FilmMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, sizes = film_of(Film()), []
    for most in (None, 100_000):
        monkeypatch.setitem(PROFILES, "wide", replace(PROFILES["wide"], most_bytes=most))
        cut(source, ClipRequest(start_us=0, end_us=1_900_000, profile="wide"), tmp_path / "clip.mp4")
        sizes.append((tmp_path / "clip.mp4").stat().st_size)
    assert sizes[1] <= 100_000 < sizes[0]


@pytest.mark.slow
def test_a_light_clip_comes_as_fast_as_it_plays_on_a_slow_connection(tmp_path: Path) -> None:
    noise, random = tmp_path / "noise.mp4", np.random.default_rng(1)
    with av.open(str(noise), "w") as output:
        stream = output.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for _ in range(200):
            picture = random.integers(0, 256, (180, 320, 3), np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        output.mux(stream.encode(None))
    result = cut(noise, ClipRequest(start_us=0, end_us=8_000_000, profile="light"), tmp_path / "clip.mp4")
    pictures = result.size_bytes * 8 / (result.duration_us / 1e6)
    assert pictures + 2 * PROFILES["light"].sound_rate < 400_000


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "made"), [(60, 60), (100, 50), (120, 60)])
def test_a_rendered_clip_has_at_most_sixty_frames_a_second(
    film_of: FilmMaker, tmp_path: Path, rate: int, made: int
) -> None:
    source = film_of(Film(rate=Fraction(rate), frames=rate, audio=None))
    request = ClipRequest(start_us=0, end_us=500_000, profile="square", focus=0.5)
    result = cut(source, request, tmp_path / "clip.mp4")
    assert result.frames == made // 2
    assert probe(tmp_path / "clip.mp4").video.frame_rate == made
