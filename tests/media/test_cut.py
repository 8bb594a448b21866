"""A cut holds exactly the frames asked for, whatever the title is made of."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from groundswell.media import ClipRequest, MediaError, cut, probe
from groundswell.media.smartcut.seam import luma, psnr
from tests.media.conftest import FilmMaker
from tests.media.exactness import assert_exact, frames_between
from tests.media.film import Film, numbers

NTSC = Fraction(30000, 1001)
FILMS = {
    "h264": Film(),
    "h264 without B-frames": Film(b_frames=0, rate=NTSC),
    "h264 B-pyramid": Film(b_frames=3, rate=Fraction(24), options=(("b-pyramid", "normal"),)),
    "h264 open GOP": Film(open_gop=True, b_frames=3),
    "h264 interlaced": Film(interlaced=True),
    "h264 full range": Film(pixel_format="yuvj420p", full_range=True),
    "h264 4:2:2": Film(pixel_format="yuv422p"),
    "h264 4:4:4 with odd sides": Film(pixel_format="yuv444p", size=(191, 107)),
    "h264 10 bit": Film(pixel_format="yuv420p10le"),
    "fragmented mp4": Film(movflags="frag_keyframe+empty_moov+default_base_moof"),
    "mpegts": Film(container="mpegts", start=Fraction(7)),
    "matroska": Film(container="matroska", rate=NTSC),
    "mov with pcm": Film(container="mov", audio="pcm_s16le"),
    "flv": Film(container="flv"),
    "raw h264": Film(container="h264", audio=None),
    "unsteady": Film(tick=Fraction(1, 1000), times=tuple(n * 33 + n * n % 17 for n in range(60))),
    "starts late": Film(start=Fraction(5)),
    "sound starts late": Film(audio_start=Fraction(1, 2)),
    "silent": Film(audio=None),
    "hevc": Film(codec="libx265"),
    "hevc open GOP in matroska": Film(codec="libx265", open_gop=True, container="matroska"),
    "hevc 10 bit HDR": Film(codec="libx265", pixel_format="yuv420p10le", colour=(9, 16, 9)),
    "vp9": Film(container="webm", codec="libvpx-vp9", audio="libopus", b_frames=0),
    "vp8": Film(container="webm", codec="libvpx", audio="libopus", b_frames=0),
    "av1": Film(codec="libsvtav1", b_frames=0, options=(("svtav1-params", "keyint=12:lp=1"),)),
    "mpeg2 in ts": Film(container="mpegts", codec="mpeg2video", audio="mp2"),
    "mpeg4 in avi": Film(container="avi", codec="mpeg4", audio="mp3", b_frames=0),
    "prores": Film(container="mov", codec="prores_ks", pixel_format="yuv422p10le", b_frames=0),
    "ffv1 with flac": Film(container="matroska", codec="ffv1", audio="flac", b_frames=0),
    "motion jpeg": Film(container="mov", codec="mjpeg", pixel_format="yuvj420p", full_range=True, b_frames=0),
    "ac3": Film(container="matroska", audio="ac3"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FILMS)
@pytest.mark.parametrize(("start_us", "end_us"), [(300_000, 1_700_000), (0, 500_000), (1_100_000, 2_300_000)])
def test_every_kind_of_title_is_cut_to_the_frame(
    film_of: FilmMaker, tmp_path: Path, name: str, start_us: int, end_us: int
) -> None:
    film = FILMS[name]
    source, clip = film_of(film), tmp_path / "clip.mp4"
    with av.logging.Capture():
        end_us = min(end_us, int(film.seconds(film.frames - 1) * 10**6))
        result = cut(source, ClipRequest(start_us=start_us, end_us=end_us), clip)
    assert_exact(source, clip, start_us, end_us, result, film)


@pytest.mark.parametrize("name", ["h264", "h264 B-pyramid", "fragmented mp4", "mpegts", "matroska", "unsteady"])
def test_most_of_a_closed_gop_title_is_copied_bit_for_bit(film_of: FilmMaker, tmp_path: Path, name: str) -> None:
    film = FILMS[name]
    source, clip = film_of(film), tmp_path / "clip.mp4"
    result = cut(source, ClipRequest(start_us=300_000, end_us=1_700_000, measure_seam=True), clip)
    assert result.mode == "smart"
    assert result.fallback_reason is None
    assert identical_frames(source, clip, result.frames) >= result.frames_copied >= 22
    assert result.seam_psnr is not None
    assert result.seam_psnr > 40


def identical_frames(source: Path, clip: Path, count: int) -> int:
    """How many frames of the clip are the title's own, to the last bit."""
    with av.open(str(source)) as a, av.open(str(clip)) as b:
        theirs = {luma(frame).tobytes() for frame in a.decode(video=0)}
        ours = [luma(frame).tobytes() for frame in b.decode(video=0)]
    assert len(ours) == count
    return sum(frame in theirs for frame in ours)


def test_a_cut_that_starts_on_a_keyframe_encodes_no_head(film_of: FilmMaker, tmp_path: Path) -> None:
    result = cut(film_of(Film(b_frames=0)), ClipRequest(start_us=480_000, end_us=1_440_000), tmp_path / "clip.mp4")
    assert (result.frames_copied, result.frames_encoded) == (24, 0)


def test_the_tail_is_no_longer_than_the_reordering_forces(film_of: FilmMaker, tmp_path: Path) -> None:
    result = cut(film_of(Film()), ClipRequest(start_us=480_000, end_us=1_800_000), tmp_path / "clip.mp4")
    assert result.frames == 33
    assert result.frames_encoded <= 2


def test_one_frame_can_be_cut(film_of: FilmMaker, tmp_path: Path) -> None:
    source, clip = film_of(Film()), tmp_path / "clip.mp4"
    result = cut(source, ClipRequest(start_us=1_000_000, end_us=1_000_001), clip)
    assert [number for _, number in numbers(clip)] == [25]
    assert (result.frames, result.duration_us) == (1, 40_000)


def test_a_title_of_one_frame_can_be_cut(film_of: FilmMaker, tmp_path: Path) -> None:
    assert (
        cut(
            film_of(Film(frames=1, audio=None)), ClipRequest(start_us=0, end_us=1_000_000), tmp_path / "clip.mp4"
        ).frames
        == 1
    )


def test_the_end_may_lie_past_the_end_of_the_title(film_of: FilmMaker, tmp_path: Path) -> None:
    source, clip = film_of(Film()), tmp_path / "clip.mp4"
    cut(source, ClipRequest(start_us=2_000_000, end_us=99_000_000), clip)
    assert [number for _, number in numbers(clip)] == list(range(50, 60))


def test_frame_times_that_are_no_whole_microseconds_are_met_by_the_nearest(film_of: FilmMaker, tmp_path: Path) -> None:
    """30000/1001: frame 10 is at 333666.67 µs, which a caller can only write as 333667."""
    source, clip = film_of(FILMS["h264 without B-frames"]), tmp_path / "clip.mp4"
    cut(source, ClipRequest(start_us=333_667, end_us=1_334_667), clip)
    assert [number for _, number in numbers(clip)] == list(range(10, 40))


def test_exact_sound_lasts_as_long_as_the_picture(film_of: FilmMaker, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    result = cut(film_of(Film()), ClipRequest(start_us=500_000, end_us=1_540_000, audio="exact"), clip)
    assert result.audio == "exact"
    with av.open(str(clip)) as container:
        heard = sum(frame.samples for frame in container.decode(audio=0))
    assert 0 <= heard - result.duration_us * 48 // 1000 < 1024


def test_the_audio_track_asked_for_is_the_one_in_the_clip(film_of: FilmMaker, tmp_path: Path) -> None:
    source = film_of(Film(audio_tracks=2, container="matroska"))
    loudness = []
    for track in (0, 1):
        clip = tmp_path / f"{track}.mp4"
        cut(source, ClipRequest(start_us=300_000, end_us=1_700_000, audio_track=track), clip)
        with av.open(str(clip)) as container:
            loudness.append(max(float(np.abs(f.to_ndarray()).max()) for f in container.decode(audio=0)))
    assert loudness[0] > 2 * loudness[1]


def test_rotation_sample_aspect_and_colour_survive_both_ways_of_cutting(film_of: FilmMaker, tmp_path: Path) -> None:
    film = Film(rotation=90, aspect=Fraction(4, 3), colour=(1, 1, 1), audio=None)
    source = film_of(film)
    before = probe(source).video
    for start_us, mode in ((300_000, "smart"), (1_000_000, "encode")):
        result = cut(
            source,
            ClipRequest(start_us=start_us, end_us=start_us + (1_400_000 if mode == "smart" else 40_000)),
            tmp_path / "clip.mp4",
        )
        after = probe(tmp_path / "clip.mp4").video
        assert result.mode == mode
        assert (after.rotation, after.sample_aspect) == (before.rotation, before.sample_aspect)
        assert after.colour == before.colour


def test_hdr_stays_hdr(film_of: FilmMaker, tmp_path: Path) -> None:
    cut(film_of(FILMS["hevc 10 bit HDR"]), ClipRequest(start_us=300_000, end_us=1_000_000), tmp_path / "clip.mp4")
    video = probe(tmp_path / "clip.mp4").video
    assert video.codec == "hevc"
    assert video.bit_depth == 10
    assert video.colour.transfer == 16


@pytest.mark.parametrize("name", ["h264", "vp9", "mpegts"])
def test_encoded_frames_look_like_the_titles(film_of: FilmMaker, tmp_path: Path, name: str) -> None:
    source, clip = film_of(FILMS[name]), tmp_path / "clip.mp4"
    cut(source, ClipRequest(start_us=300_000, end_us=900_000), clip)
    first = frames_between(source, 300_000, 900_000)[0][1]
    with av.open(str(source)) as a, av.open(str(clip)) as b:
        theirs = [luma(f) for f in a.decode(video=0)][first : first + 15]
        for original, made in zip(theirs, (luma(f) for f in b.decode(video=0)), strict=True):
            assert psnr(original, made) > 36


@pytest.mark.slow
def test_progress_rises_to_one(film_of: FilmMaker, tmp_path: Path) -> None:
    heard: list[float] = []
    cut(
        film_of(Film()),
        ClipRequest(start_us=0, end_us=1_000_000, profile="square"),
        tmp_path / "clip.mp4",
        on_progress=heard.append,
    )
    assert heard == sorted(heard)
    assert heard[-1] == 1.0


def test_a_clip_replaces_what_was_there_and_leaves_nothing_beside_it(film_of: FilmMaker, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_text("before")
    cut(film_of(Film()), ClipRequest(start_us=0, end_us=1_000_000), clip)
    assert numbers(clip)
    assert [p.name for p in tmp_path.iterdir()] == ["clip.mp4"]


def test_a_refused_cut_leaves_what_was_there(film_of: FilmMaker, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_text("before")
    with pytest.raises(MediaError):
        cut(film_of(Film()), ClipRequest(start_us=90_000_000, end_us=91_000_000), clip)
    assert clip.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["clip.mp4"]


def test_results_and_indexes_are_plain_json(film_of: FilmMaker, tmp_path: Path) -> None:
    index = probe(film_of(Film()))
    assert type(index).from_json(index.to_json()) == index
    result = cut(film_of(Film()), ClipRequest(start_us=0, end_us=400_000), tmp_path / "clip.mp4")
    assert json.dumps(replace(result).__dict__)
