"""From a file on disk to a clip on a page: a title that was imported is clipped, made and served."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from groundswell.catalog.importer import import_title
from tests.media.film import Film, make, numbers
from tests.media.timelines import CLOCK, WRAP, Made, Shown, stream, with_edits
from tests.moments.clipping import SIZE, WIDE_SCALE, clipped
from tests.moments.packaged import watch
from tests.support import App

SRT = (
    "1\n00:00:04,000 --> 00:00:06,500\nMind the <i>gap</i>.\n\n"
    '2\n00:00:07,000 --> 00:00:08,000\n{\\an8}<font color="#ffff00">Way out</font>\n'
)


@pytest.mark.slow
async def test_an_imported_film_is_clipped_exactly(app: App, tmp_path: Path) -> None:
    film = make(Film("matroska", frames=288, rate=Fraction(24000, 1001), gop=96, open_gop=True), tmp_path / "imported")
    subtitles = tmp_path / "imported.srt"
    subtitles.write_text(SRT)
    await import_title(
        app.runtime, film, name="Imported", slug="imported", subtitles=subtitles, released_on=date(2020, 1, 1)
    )
    made = await clipped(app, title="imported", start=3.0, end=8.1)
    await app.run_jobs()
    answer = await app.http.get(f"/m/{made['code']}/wide.mp4")
    assert answer.status_code == 200, answer.text
    (tmp_path / "clip.mp4").write_bytes(answer.content)
    first, last = round(3.0 * 24000 / 1001), round(8.1 * 24000 / 1001)
    assert [n for _, n in numbers(tmp_path / "clip.mp4", WIDE_SCALE)] == list(range(first, last))
    captions = await app.http.get(f"/m/{made['code']}/captions.vtt")
    assert "Mind the gap." in captions.text
    assert " line:5%,start\n<c.rgb-ffff00>Way out</c>" in captions.text, "it stands where the file has it"


PIECE = Film("mpegts", frames=80, gop=20, rate=Fraction(10), size=SIZE)
FIRST, STOP = 60, 115
"""Of the pictures shown: within both pieces, across where they join."""


def starts_again(folder: Path) -> Made:
    """A transport stream of two recordings, the second of which has a clock of its own."""
    return stream([PIECE, replace(PIECE, first=80)], [Fraction("-3.3")], folder)


def leaps(folder: Path) -> Made:
    return stream([PIECE, replace(PIECE, first=80)], [Fraction(40)], folder)


def wraps(folder: Path) -> Made:
    """A transport stream whose clock passes the wrap of its 33 bits, after its first keyframe and within a clip."""
    return stream([replace(PIECE, frames=150)], [], folder, shift=WRAP - (100 + 8) * CLOCK)


def keys_without_decoding_times(folder: Path) -> Made:
    """Each keyframe of a transport stream says when it is shown alone."""
    keys = PIECE.gop
    film = replace(PIECE, frames=150)
    return stream([film], [], folder, drops=lambda n, pts, dts: (pts, None if n >= 0 and n % keys == 0 else dts))


def edited(folder: Path) -> Made:
    """An MP4 that shows two stretches of itself and leaves out what lies between."""
    film = make(Film(frames=200, gop=20, rate=Fraction(10), size=SIZE), folder / "film")
    path = with_edits(film, [(Fraction(0), Fraction(8)), (Fraction(12), Fraction(8))], folder / "edited.mp4")
    kept = [*range(80), *range(120, 200)]
    return Made(path, [Shown(Fraction(n, 10), number, 0) for n, number in enumerate(kept)], Fraction(16), [])


@pytest.mark.slow
@pytest.mark.parametrize("making", [starts_again, leaps, wraps, keys_without_decoding_times, edited])
async def test_titles_whose_times_are_no_plain_run_are_clipped_exactly(
    app: App, tmp_path: Path, making: Callable[[Path], Made]
) -> None:
    """From the import to what a browser plays: the stream of the clip, and its file."""
    made = making(tmp_path)
    await import_title(app.runtime, made.path, name="Odd", slug="odd", released_on=date(2020, 1, 1))
    clip = await clipped(app, title="odd", start=float(made.frames[FIRST].at), end=float(made.frames[STOP].at))
    await app.run_jobs()
    expected = [each.number for each in made.frames[FIRST:STOP]]
    assert await watch(app, clip["media"]["hls_url"], tmp_path / "streamed.mp4") == (expected, 0.0)
    for name, scale in (("wide", WIDE_SCALE), ("source", None)):
        answer = await app.http.get(f"/m/{clip['code']}/{name}.mp4")
        assert answer.status_code == 200, answer.text
        (tmp_path / "clip.mp4").write_bytes(answer.content)
        assert [n for _, n in numbers(tmp_path / "clip.mp4", scale)] == expected, name
