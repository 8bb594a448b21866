"""The end card: a code a phone can read, after the last frame and never instead of one."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from groundswell.media import ClipRequest, EndCard, MediaError, cut, cut_bounded_sync
from groundswell.media.rendering.end_card import QUIET, card_picture, modules
from tests.media.conftest import FilmMaker
from tests.media.exactness import assert_well_formed
from tests.media.film import Film, burst_times, numbers

CARD = EndCard(
    "https://vod.example/s/Ab3dEf9", "Die große Flut, eine sehr lange Überschrift für eine Karte", "Beispiel"
)


def code_in(grey: np.ndarray, link: str) -> np.ndarray:
    """The modules at the middle of a picture: what is darker than grey at each module's centre."""
    count = len(modules(link)) + 2 * QUIET
    scale = min(grey.shape) // 2 // count
    top, left = (grey.shape[0] - count * scale) // 2, (grey.shape[1] - count * scale) // 2
    at = (np.arange(QUIET, count - QUIET) + 0.5) * scale
    return grey[np.ix_((top + at).astype(int), (left + at).astype(int))] < 128


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vertical", "wide", "square"])
def test_a_card_of_two_seconds_follows_the_last_frame(film_of: FilmMaker, tmp_path: Path, name: str) -> None:
    source, plain, carded = film_of(Film()), tmp_path / "plain.mp4", tmp_path / "carded.mp4"
    without = cut(source, ClipRequest(start_us=300_000, end_us=1_300_000, profile=name, focus=0.5), plain)
    result = cut(source, ClipRequest(start_us=300_000, end_us=1_300_000, profile=name, focus=0.5, card=CARD), carded)
    assert (result.frames, result.last_pts_us) == (without.frames, without.last_pts_us)
    assert (result.card_us, without.card_us) == (2_000_000, 0)
    assert result.duration_us == without.duration_us + 2_000_000
    assert_well_formed(carded)
    times = [at for at, _ in numbers(carded)]
    assert times == [Fraction(n, 25) for n in range(without.frames + 50)]
    with av.open(str(carded)) as container:
        frames = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    assert frames[without.frames - 1].std() > 20
    for grey in (frames[without.frames], frames[-1]):
        assert (code_in(grey, CARD.link) == modules(CARD.link)).all()
    assert max(burst_times(carded)) < 1.2, "the card is silent"


@pytest.mark.slow
def test_a_card_on_an_unsteady_title(film_of: FilmMaker, tmp_path: Path) -> None:
    film = Film(tick=Fraction(1, 1000), times=tuple(n * 33 + n * n % 17 for n in range(60)))
    result = cut(
        film_of(film),
        ClipRequest(start_us=300_000, end_us=1_300_000, profile="square", card=CARD),
        tmp_path / "clip.mp4",
    )
    assert abs(result.card_us - 2_000_000) < 50_000
    assert_well_formed(tmp_path / "clip.mp4")


@pytest.mark.slow
def test_a_card_through_the_bounded_child(film_of: FilmMaker, tmp_path: Path) -> None:
    result = cut_bounded_sync(
        film_of(Film()), ClipRequest(start_us=0, end_us=400_000, profile="square", card=CARD), tmp_path / "clip.mp4"
    )
    assert result.card_us == 2_000_000


@pytest.mark.parametrize("name", ["clean", "source"])
def test_some_profiles_take_no_card(film_of: FilmMaker, tmp_path: Path, name: str) -> None:
    with pytest.raises(MediaError) as caught:
        cut(film_of(Film()), ClipRequest(start_us=0, end_us=1_000_000, profile=name, card=CARD), tmp_path / "clip.mp4")
    assert caught.value.code == "bad_option"
    assert not list(tmp_path.iterdir())


def test_the_card_counts_towards_the_longest_story(film_of: FilmMaker, tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        cut(
            film_of(Film()),
            ClipRequest(start_us=0, end_us=19_000_000, profile="stories", card=CARD),
            tmp_path / "clip.mp4",
        )
    assert caught.value.code == "too_long"


@pytest.mark.parametrize("size", [(720, 1280), (1280, 720), (720, 720), (360, 640)])
@pytest.mark.parametrize("title", ["", "Short", "long " * 60, "مرحبا بالعالم", "長い題名" * 20])
def test_nothing_is_written_over_the_code(size: tuple[int, int], title: str) -> None:
    picture = np.asarray(card_picture(EndCard(CARD.link, title, "Service"), *size).convert("L"))
    assert (code_in(picture, CARD.link) == modules(CARD.link)).all()


def test_links_that_do_not_fit() -> None:
    for link in ("", "x" * 201):
        with pytest.raises(MediaError):
            EndCard(link, "", "")
