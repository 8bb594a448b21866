from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from groundswell.media import MediaError, find_shots, poster, preview, probe, storyboard, waveform
from tests.catalog.films import film
from tests.media.conftest import FilmMaker
from tests.media.film import BITS, CELL, Film


def number_of(image: Image.Image, height: int) -> int:
    grey, cell = np.asarray(image.convert("L")), CELL * image.height / height
    top, left = image.height / 2 - 2 * cell, image.width / 2 - 2 * cell
    cells = [divmod(bit, 4) for bit in range(BITS)]
    return sum(
        int(grey[int(top + (r + 0.5) * cell), int(left + (c + 0.5) * cell)] > 127) << n
        for n, (r, c) in enumerate(cells)
    )


@pytest.mark.parametrize("at_us", [0, 39_999, 40_000, 1_000_000, 2_399_999])
def test_a_poster_is_the_frame_on_screen(film_of: FilmMaker, tmp_path: Path, at_us: int) -> None:
    path = tmp_path / "poster.jpg"
    poster(film_of(Film()), at_us, path, size=(480, 270))
    assert path.stat().st_size < 300_000
    with Image.open(path) as image:
        assert image.size == (480, 270)
        assert number_of(image, 108) == at_us // 40_000


def test_a_poster_past_the_end_is_refused(film_of: FilmMaker, tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        poster(film_of(Film()), 90_000_000, tmp_path / "poster.jpg")
    assert caught.value.code == "past_the_end"
    assert not list(tmp_path.iterdir())


def test_a_storyboard_tiles_keyframes_in_order(film_of: FilmMaker, tmp_path: Path) -> None:
    board = storyboard(film_of(Film()), tmp_path / "board.jpg", tiles=5, tile_width=192, columns=2)
    assert board.times_us[0] == 0
    assert all(a < b for a, b in pairwise(board.times_us))
    with Image.open(tmp_path / "board.jpg") as sheet:
        assert sheet.size == (board.columns * board.tile_width, board.rows * board.tile_height)
        for n, at in enumerate(board.times_us):
            x, y = n % board.columns * board.tile_width, n // board.columns * board.tile_height
            tile = sheet.crop((x, y, x + board.tile_width, y + board.tile_height))
            assert number_of(tile, 108) == at // 40_000
    assert f"board.jpg#xywh=0,0,{board.tile_width},{board.tile_height}" in board.to_webvtt("board.jpg")


def test_a_waveform_peaks_where_the_sound_does(film_of: FilmMaker) -> None:
    peaks = waveform(film_of(Film(frames=100)), points=80)
    assert len(peaks) == 80
    assert [n for n, peak in enumerate(peaks) if peak > 0.4] == list(range(0, 80, 10))
    assert all(0 <= peak <= 1 for peak in peaks)


def test_a_silent_title_has_no_waveform(film_of: FilmMaker) -> None:
    with pytest.raises(MediaError) as caught:
        waveform(film_of(Film(audio=None)))
    assert caught.value.code == "no_audio"


def test_a_preview_is_small_and_silent(film_of: FilmMaker, tmp_path: Path) -> None:
    preview(film_of(Film(frames=100)), 500_000, tmp_path / "preview.mp4", width=160)
    index = probe(tmp_path / "preview.mp4")
    assert (index.audio, index.video.coded_width, index.duration_us) == ((), 160, 3_000_000)


def test_shots_are_found_where_the_picture_changes(tmp_path: Path) -> None:
    import av

    path = tmp_path / "shots.mp4"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25, options={"preset": "ultrafast", "g": "250", "sc_threshold": "0"})
        stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
        stream.codec_context.max_b_frames = 0
        for n in range(150):
            level = (40, 200, 120)[n // 50]
            picture = np.full((90, 160, 3), level, np.uint8)
            picture[20:60, 20 + n % 50 : 60 + n % 50] = 255 - level
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        output.mux(stream.encode(None))
    assert find_shots(path) == [(0, 2_000_000), (2_000_000, 4_000_000), (4_000_000, 6_000_000)]


@pytest.mark.slow
def test_a_cut_is_exact_also_where_a_frame_is_left_out(tmp_path: Path) -> None:
    """The second shot begins with a picture that nothing refers to; those are not decoded at first."""
    assert find_shots(film(tmp_path / "a.mp4", shot_seconds=20))[1] == (20_000_000, 40_000_000)
