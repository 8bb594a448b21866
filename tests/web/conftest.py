"""A film as a title, and a moment of it, for the viewer's pages."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.media.film import make
from tests.moments.clipping import FILM, add_title, clipped
from tests.support import App


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(FILM, tmp_path_factory.mktemp("films") / "numbers")


@pytest.fixture
async def title(app: App, film: Path) -> UUID:
    """The film as the title ``numbers``."""
    return await add_title(app.runtime, film)


@pytest.fixture
async def moment(app: App, title: UUID) -> dict[str, Any]:
    """Ada's moment."""
    return await clipped(app, caption="Look & listen")
