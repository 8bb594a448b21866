"""A title surveyed in one go, by a process of its own."""

from pathlib import Path

import pytest
from PIL import Image

from groundswell.media.analysis.survey import telling_instant
from groundswell.media.errors import MediaError
from groundswell.media.sandbox.bounded import run_bounded
from tests.catalog.films import film


async def test_everything_is_found_and_drawn(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", shot_seconds=1)
    heard: list[float] = []
    arguments = {"source": str(source), "folder": str(tmp_path)}
    found = await run_bounded("survey", arguments, on_progress=heard.append)
    assert found["shots"] == [pytest.approx((n * 1e6, (n + 1) * 1e6), abs=100_000) for n in range(3)]
    peaks = found["peaks"]
    assert (len(peaks), max(peaks[:26]) < 30, min(peaks[35:55]) > 80) == (60, True, True), peaks
    for name, size in (("poster", (800, 1200)), ("backdrop", (1920, 1080))):
        assert Image.open(tmp_path / f"{name}.jpg").size == size
    assert heard == sorted(heard)


async def test_a_survey_of_no_film_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("dear diary")
    with pytest.raises(MediaError) as refused:
        await run_bounded("survey", {"source": str(tmp_path / "text.mp4"), "folder": str(tmp_path)})
    assert refused.value.code == "not_a_video"


def test_the_poster_comes_from_the_longest_shot_of_the_first_half() -> None:
    assert telling_instant([(0, 10), (10, 40), (40, 120), (120, 300)]) == 80
    assert telling_instant([(0, 100)]) == 50
