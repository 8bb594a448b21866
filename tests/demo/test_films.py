"""The demo's films: that they are what their data sheets say, decode everywhere, and are never half there."""

import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import PIL
import psutil
import pytest
import srt
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from groundswell.demo.films import (
    BY_SLUG,
    FILMS,
    Film,
    RenderedFilm,
    RenderSpan,
    frames,
    is_rendered,
    render_all,
    render_film,
)
from groundswell.demo.films.loudness import RATE, fast_length, integrated_loudness
from groundswell.demo.films.render import WHOLE, _version, to_srt
from groundswell.demo.films.score import compose
from groundswell.demo.films.stage import FPS, Canvas
from tests.film_cache import rendered_once

SHORT = RenderSpan(seconds=4.5, size=(320, 180))
EVERY_FILM = pytest.mark.parametrize("film", FILMS, ids=lambda film: film.slug)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("films")


@pytest.fixture(scope="module")
def shares() -> list[float]:
    return []


@pytest.fixture(scope="module")
def rendered(folder: Path, shares: list[float]) -> dict[str, RenderedFilm]:
    return render_all(folder, shares.append, SHORT)


# --- the data sheets


def test_the_catalogue_is_a_film_and_a_series_of_two_episodes() -> None:
    assert [(film.kind, film.season, film.episode) for film in FILMS] == [
        ("film", None, None),
        ("episode", 1, 1),
        ("episode", 1, 2),
    ]
    assert FILMS[0].series is None
    assert FILMS[1].series == FILMS[2].series is not None
    assert len({film.name for film in FILMS}) == len(BY_SLUG) == 3


@EVERY_FILM
def test_a_film_lasts_about_two_minutes_in_eight_to_fifteen_shots(film: Film) -> None:
    assert 110e6 <= film.duration_us <= 130e6
    assert 8 <= len(film.shots) <= 15
    assert len(film.cuts) == len(film.shots) - 1
    assert film.shot_span(film.shots[-1].name)[1] == film.duration_us / 1e6
    assert sum(cut % (2 * FPS) != 0 for cut in film.cuts) > len(film.cuts) / 2  # most cuts are not on a keyframe


@EVERY_FILM
def test_dialogue_is_long_sorted_readable_and_within_the_film(film: Film) -> None:
    assert len(film.lines) >= 40
    for line in film.lines:
        assert 1_200_000 <= line.end_us - line.start_us <= 4_000_000
        assert len(line.text) / ((line.end_us - line.start_us) / 1e6) < 26, f"too fast to read: {line.text}"
    for line, following in pairwise(film.lines):
        assert line.end_us < following.start_us
    assert film.lines[0].start_us >= 0
    assert film.lines[-1].end_us <= film.duration_us


@EVERY_FILM
def test_dialogue_survives_being_written_as_srt(film: Film) -> None:
    cues = list(srt.parse(to_srt(film.lines)))
    assert [cue.content for cue in cues] == [line.text for line in film.lines]
    assert [round(cue.start.total_seconds() * 1e6) for cue in cues] == [line.start_us for line in film.lines]
    assert [round(cue.end.total_seconds() * 1e6) for cue in cues] == [line.end_us for line in film.lines]


# --- the pictures


@rendered_once
def around_cuts(slug: str, version: str, painter: str, path: Path) -> Path:
    """The two frames before each cut and the two from it on, every fourth pixel of every fourth row: once for each
    version of a film, since all its shots are prepared for it."""
    film = BY_SLUG[slug]
    wanted = [index for cut in film.cuts for index in (cut - 2, cut - 1, cut, cut + 1)]
    pictures = [frame[::4, ::4].copy() for frame in frames(film, wanted)]
    np.save(path, np.reshape(pictures, (len(film.cuts), 4, *pictures[0].shape)))
    return path


@pytest.mark.slow
@EVERY_FILM
def test_every_declared_cut_is_one_and_shots_move_but_gently(film: Film, tmp_path: Path) -> None:
    drawn = around_cuts(film.slug, _version(film, WHOLE), PIL.__version__, tmp_path / "cuts.npy")
    for cut, pictures in zip(film.cuts, np.load(drawn).astype(np.int16), strict=True):
        before, across, after = np.abs(np.diff(pictures, axis=0)).mean(axis=(1, 2, 3))
        assert across > 12, f"frame {cut} looks like the one before it"
        assert across > 2 * max(before, after)
        assert min(before, after) > 0.2, "a shot stands still"


@pytest.mark.slow
def test_the_same_frame_is_painted_the_same_whatever_was_painted_before_it() -> None:
    film = FILMS[0]
    alone = next(frames(film, [130])).copy()
    (*_, after_others) = (frame.copy() for frame in frames(film, [0, 7, 130]))
    assert np.array_equal(alone, after_others)


@pytest.mark.slow
@pytest.mark.parametrize("wanted", [[-1], [FILMS[0].frame_count], [300, 10]])
def test_a_frame_that_is_not_there_is_refused(wanted: list[int]) -> None:
    with pytest.raises(IndexError):
        list(frames(FILMS[0], wanted))


@settings(max_examples=60, deadline=None)
@given(
    ground=st.integers(0, 255),
    colour=st.tuples(*[st.floats(0, 1, width=32)] * 3),
    alpha=st.floats(0, 1, width=32),
    opacity=st.floats(0, 1),
    lit=st.booleans(),
)
def test_a_layer_blends_as_its_formula_says(
    ground: int, colour: tuple[float, float, float], alpha: float, opacity: float, lit: bool
) -> None:
    canvas = Canvas(8, 8)
    mask = np.full((8, 8), alpha, np.float32)
    layer = (canvas.light(mask, colour) if lit else canvas.over(mask, colour)).layer()
    frame = np.full((8, 8, 3), ground, np.uint8)
    layer.draw(frame, opacity=opacity)
    below = ground / 255
    drawn = np.array([1 - (1 - below) * (1 - alpha * c) if lit else below + (c - below) * alpha for c in colour])
    expected = below + (drawn - below) * opacity
    assert np.abs(frame / 255 - expected).max() < 5 / 255  # in particular: nothing wraps round from white to black


def test_layers_are_cut_off_at_the_frame_and_tiles_repeat() -> None:
    canvas = Canvas(10, 4)
    canvas.over(np.tile(np.float32([1] * 5 + [0] * 5), (4, 1)), "#ffffff")
    frame = np.zeros((4, 30, 3), np.uint8)
    canvas.layer(tile=True).draw_tiled(frame, -3)
    assert (frame[0, :, 0] > 128).tolist() == [(x + 3) % 10 < 5 for x in range(30)]
    frame[:] = 0
    canvas.layer().draw(frame, 28, 2)
    assert np.flatnonzero(frame[..., 0].any(axis=0)).tolist() == [28, 29]
    assert np.flatnonzero(frame[..., 0].any(axis=1)).tolist() == [2, 3]


@pytest.mark.parametrize("x", [4, 4.5, 5])
def test_a_smooth_layer_moves_by_half_pixels_and_nothing_appears_on_its_other_side(x: float) -> None:
    canvas = Canvas(20, 4)
    canvas.over(np.ones((4, 12), np.float32), "#ffffff", x=8)  # reaches the canvas's right edge
    frame = np.zeros((4, 40, 3), np.uint8)
    canvas.layer(smooth=True).draw(frame, x)
    row = frame[0, :, 0].astype(int)
    assert row[: int(x) + 6].max() == 0
    assert row[int(x) + 10 : int(x) + 18].min() > 250
    middle = np.searchsorted(np.cumsum(row), row.sum() / 2)
    assert abs(middle - (x + 14)) <= 1.5


# --- the sound


def test_loudness_of_the_reference_tone() -> None:
    """BS.1770: a 997 Hz sine at full scale in one channel of two reads -3.01 LKFS."""
    tone = np.sin(2 * np.pi * 997 * np.arange(5 * RATE) / RATE).astype(np.float32)
    assert integrated_loudness(np.stack([tone, tone * 0], axis=1)) == pytest.approx(-3.01, abs=0.02)


@settings(max_examples=10, deadline=None)
@given(decibels=st.floats(-30, 0), silence=st.integers(0, 3))
def test_loudness_follows_gain_and_ignores_silence(decibels: float, silence: int) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, (3 * RATE, 2)).astype(np.float32)
    quieter = noise * np.float32(10 ** (decibels / 20))
    padded = np.concatenate([quieter, np.zeros((silence * RATE, 2), np.float32)])
    assert integrated_loudness(padded) == pytest.approx(integrated_loudness(noise) + decibels, abs=0.35)


def test_silence_has_no_loudness() -> None:
    assert integrated_loudness(np.zeros((RATE, 2), np.float32)) == float("-inf")
    assert integrated_loudness(np.ones((10, 2), np.float32)) == float("-inf")


@given(st.integers(1, 10_000_000))
def test_fft_lengths_are_never_shorter_and_little_longer(count: int) -> None:
    assert count <= fast_length(count) <= count * 1.125 + 1


@pytest.mark.slow
def test_a_soundtrack_is_as_long_as_its_film_at_broadcast_level_and_never_clips() -> None:
    film = BY_SLUG["night-frequency-s1e1"]
    sound = compose(film)
    assert sound.shape == (film.frame_count * RATE // FPS, 2)
    assert integrated_loudness(sound) == pytest.approx(-18, abs=0.5)
    assert np.abs(sound).max() <= 0.9
    assert np.abs(sound.mean(axis=0)).max() < 0.002  # no direct current
    assert np.abs(sound[:, 0] - sound[:, 1]).mean() > 0.005  # stereo
    seconds = sound[: len(sound) // RATE * RATE].reshape(-1, RATE, 2)
    assert (np.sqrt((seconds[:-2] ** 2).mean(axis=(1, 2))) > 0.005).all(), "a hole in the sound"


# --- the files


@pytest.mark.slow
@EVERY_FILM
def test_the_video_is_h264_and_aac_of_the_length_asked_for(film: Film, rendered: dict[str, RenderedFilm]) -> None:
    with av.open(str(rendered[film.slug].video)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.pix_fmt, video.average_rate) == ("h264", "yuv420p", FPS)
        assert (audio.codec_context.name, audio.rate, audio.layout.name) == ("aac", 48_000, "stereo")
        keys = [p.pts * p.time_base for p in container.demux(video) if p.is_keyframe]
        assert keys == [0, 2, 4]
    with av.open(str(rendered[film.slug].video)) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(pictures) == SHORT.seconds * FPS
    assert pictures[0].shape == (180, 320, 3)
    painted = np.asarray(Image.fromarray(next(frames(film, [60])).copy()).resize((320, 180), Image.Resampling.BOX))
    assert np.abs(pictures[60].astype(int) - painted).mean() < 6  # colours came through: right matrix, right frame


@pytest.mark.slow
def test_the_index_comes_first_so_that_playing_can_start_at_once(rendered: dict[str, RenderedFilm]) -> None:
    head = rendered[FILMS[0].slug].video.read_bytes()
    assert head.index(b"moov") < head.index(b"mdat")


@pytest.mark.slow
def test_the_three_sound_different(rendered: dict[str, RenderedFilm]) -> None:
    tracks = [_sound(rendered[film.slug].video) for film in FILMS]
    spectra = [np.abs(np.fft.rfft(track[: 4 * RATE])).reshape(-1)[:8000] for track in tracks]
    for track in tracks:
        assert len(track) >= SHORT.seconds * RATE
        assert 0.005 < np.sqrt((track**2).mean()) < 0.4
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert np.corrcoef(spectra[a], spectra[b])[0, 1] < 0.8


def _sound(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


@pytest.mark.slow
@EVERY_FILM
def test_poster_backdrop_and_subtitles(film: Film, rendered: dict[str, RenderedFilm]) -> None:
    files = rendered[film.slug]
    with Image.open(files.poster) as poster, Image.open(files.backdrop) as backdrop:
        assert (poster.format, poster.size) == ("JPEG", (800, 1200))
        assert (backdrop.format, backdrop.size) == ("JPEG", (1280, 720))
        assert np.asarray(poster).std() > 25
        assert np.asarray(backdrop).std() > 25
    cues = list(srt.parse(files.subtitles.read_text("utf-8")))
    assert cues
    assert max(cue.end.total_seconds() for cue in cues) <= SHORT.seconds


@pytest.mark.slow
def test_progress_only_grows_and_ends_at_one(rendered: dict[str, RenderedFilm], shares: list[float]) -> None:
    assert shares[-1] == 1.0
    assert len(shares) > 3
    assert all(0 <= a <= b <= 1 for a, b in pairwise(shares))


# --- once, and whole


@pytest.mark.slow
def test_a_second_rendering_touches_nothing(folder: Path, rendered: dict[str, RenderedFilm]) -> None:
    before = {path: path.stat().st_mtime_ns for files in rendered.values() for path in files.files()}
    assert render_all(folder, None, SHORT) == rendered
    assert render_film(FILMS[0], folder, None, SHORT) == rendered[FILMS[0].slug]
    assert before == {path: path.stat().st_mtime_ns for path in before}


@pytest.mark.slow
def test_another_version_a_lost_file_and_a_short_file_are_not_taken_for_rendered(
    folder: Path, rendered: dict[str, RenderedFilm]
) -> None:
    film = FILMS[1]
    files = rendered[film.slug]
    assert is_rendered(film, folder, SHORT)
    assert not is_rendered(film, folder)  # the whole film is another version
    video = files.video.read_bytes()
    files.video.write_bytes(video[:-1])
    assert not is_rendered(film, folder, SHORT)
    files.video.write_bytes(video)
    poster = files.poster.rename(folder / "elsewhere.jpg")
    assert not is_rendered(film, folder, SHORT)
    poster.rename(files.poster)
    stamp = folder / f".{film.slug}.version"
    note = stamp.read_text()
    for broken in ("", "{", "[]", '{"version": 3}'):
        stamp.write_text(broken)
        assert not is_rendered(film, folder, SHORT)
    stamp.write_text(note)
    assert is_rendered(film, folder, SHORT)


_KILLED = """
import sys, pathlib
from groundswell.demo.films import RenderSpan, render_all
if __name__ == "__main__":
    render_all(pathlib.Path(sys.argv[1]), lambda share: print(share, flush=True), RenderSpan(12, (320, 180)))
"""


@pytest.mark.slow
def test_a_killed_rendering_leaves_nothing_that_looks_finished_and_nobody_at_work(tmp_path: Path) -> None:
    film, brief, folder = FILMS[2], RenderSpan(seconds=0.5, size=(160, 90)), tmp_path / "films"
    script = tmp_path / "render.py"
    script.write_text(_KILLED)
    with subprocess.Popen([sys.executable, str(script), str(folder)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if float(line) > 0.15:  # in the middle of writing the videos
                workers = psutil.Process(process.pid).children(recursive=True)
                process.send_signal(signal.SIGKILL)
                break
        process.wait()
    assert process.returncode == -signal.SIGKILL
    assert len(workers) >= len(FILMS)
    assert not psutil.wait_procs(workers, timeout=20)[1], "its workers went on without it"
    assert list(folder.glob(f".{film.slug}-*/*.mp4")), "it was killed before it wrote anything"
    assert not list(folder.glob("[!.]*"))
    assert not any(is_rendered(each, folder, RenderSpan(12, (320, 180))) for each in FILMS)
    started = time.time()
    files = render_film(film, folder, None, brief)
    assert is_rendered(film, folder, brief)
    assert all(path.stat().st_mtime >= started - 1 for path in files.files())
    assert not list(folder.glob(f".{film.slug}-*")), "the killed rendering's remains are still there"
