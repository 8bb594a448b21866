"""Films for the clip engine's tests, each made once a run."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.media.film import Film, make

FilmMaker = Callable[[Film], Path]


@pytest.fixture(scope="session")
def film_of(tmp_path_factory: pytest.TempPathFactory) -> FilmMaker:
    """A function that makes a film, or hands out the one it made before."""
    folder = tmp_path_factory.mktemp("films")
    made: dict[Film, Path] = {}

    def of(film: Film) -> Path:
        if film not in made:
            made[film] = make(film, folder / f"film{len(made)}")
        return made[film]

    return of


@pytest.fixture(scope="session")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the animals of the zoo live, each bred once a run."""
    return tmp_path_factory.mktemp("zoo")
