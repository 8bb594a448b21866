"""From a file on disk to a clip on a page: a title that was imported is clipped, made and served."""

from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from groundswell.catalog.importer import import_title
from tests.media.film import Film, make, numbers
from tests.moments.clipping import WIDE_SCALE, clipped
from tests.support import App

SRT = "1\n00:00:04,000 --> 00:00:06,500\nMind the <i>gap</i>.\n"


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
