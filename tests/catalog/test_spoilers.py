"""Who should not see a moment yet."""

from uuid import uuid4

import pytest

from groundswell.catalog.spoilers import NOTHING_KNOWN, ViewerProgress, spoils
from groundswell.catalog.tables import Title

S = 1_000_000
SERIES = uuid4()


def title(episode: int | None = None) -> Title:
    place = {} if episode is None else {"series_id": SERIES, "season": 1, "episode": episode}
    return Title(id=uuid4(), slug="t", name="T", **place)


def test_a_marked_moment_is_veiled_for_strangers_and_an_unmarked_one_is_an_invitation() -> None:
    for film in (title(), title(2)):
        assert spoils(NOTHING_KNOWN, film, 60 * S, marked=True)
        assert not spoils(NOTHING_KNOWN, film, 60 * S, marked=False)


def test_whoever_has_got_there_sees_it() -> None:
    film = title()
    assert not spoils(ViewerProgress({film.id: 61 * S}, {}), film, 60 * S, marked=True)
    assert spoils(ViewerProgress({film.id: 59 * S}, {}), film, 60 * S, marked=True)


@pytest.mark.parametrize(("reached", "veiled"), [(1, True), (2, False), (3, False)])
def test_a_later_episode_is_veiled_for_somebody_in_the_middle_of_the_series(reached: int, veiled: bool) -> None:
    seen = ViewerProgress({uuid4(): 10 * S}, {SERIES: (1, reached)})
    assert spoils(seen, title(2), 60 * S, marked=False) is veiled


def test_the_rest_of_the_episode_one_is_watching_is_veiled() -> None:
    watching = title(2)
    seen = ViewerProgress({watching.id: 30 * S}, {SERIES: (1, 2)})
    assert spoils(seen, watching, 60 * S, marked=False)
    assert not spoils(seen, watching, 20 * S, marked=False)
    assert not spoils(ViewerProgress({}, {SERIES: (1, 3)}), watching, 60 * S, marked=True)
