"""Films to import, made once for the run."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from groundswell.catalog.importer import import_title
from tests.catalog.films import SUBTITLES, film
from tests.support import App

Import = Callable[..., Any]


@pytest.fixture(scope="session")
def film_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds, three shots, a tone: H.264 and AAC in MP4."""
    return film(tmp_path_factory.mktemp("films") / "film.mp4")


@pytest.fixture(scope="session")
def subtitles_file(film_file: Path) -> Path:
    """SRT in Latin-1, with markup, and a line that lies past the end."""
    path = film_file.with_suffix(".srt")
    path.write_bytes(SUBTITLES.encode("latin-1"))
    return path


@pytest.fixture
async def title_id(app: App, film_file: Path, subtitles_file: Path) -> UUID:
    """The film, imported as ``harbour-lights``."""
    says = {"name": "Harbour Lights", "released_on": date(2020, 1, 1), "subtitles": subtitles_file}
    return await import_title(app.runtime, film_file, **says)
