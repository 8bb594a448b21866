"""A film for the whole run, and an application that has it as a title."""

from pathlib import Path
from uuid import UUID

import pytest

from tests.media.film import make
from tests.moments.clipping import FILM, add_title
from tests.support import App


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(FILM, tmp_path_factory.mktemp("films") / "numbers")


@pytest.fixture
async def title(app: App, film: Path) -> UUID:
    """The film as the title ``numbers``."""
    return await add_title(app.runtime, film)
