"""One request for a clip, checked when it is made, and the same after a journey as JSON."""

import json
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.media import ClipRequest, EndCard, Limits, MediaError, cut, cut_bounded_sync, probe
from groundswell.media.profiles import PROFILES, Profile
from tests.media.conftest import FilmMaker
from tests.media.film import Film

CARD = EndCard("https://example.com/m/1", "A title", "A service")


@given(
    start_us=st.integers(0, 10**12),
    length_us=st.integers(1, 15_000_000),
    profile=st.sampled_from([*PROFILES, Profile("own", "", (480, 270), "fit", silent=True)]),
    audio=st.sampled_from(["copy", "exact"]),
    track=st.none() | st.integers(0, 9),
    subtitles=st.none() | st.integers(0, 9) | st.just("a.srt"),
    focus=st.none() | st.floats(0, 1),
    seam=st.booleans(),
)
def test_json_and_back_is_the_same(
    start_us: int,
    length_us: int,
    profile: str | Profile,
    audio: str,
    track: int,
    subtitles: int,
    focus: float,
    seam: bool,
) -> None:
    request = ClipRequest(
        start_us=start_us,
        end_us=start_us + length_us,
        profile=profile,
        audio=audio,  # type: ignore[arg-type]
        audio_track=track,
        subtitles=subtitles,
        focus=focus,
        measure_seam=seam,
        limits=Limits(threads=2),
    )
    assert ClipRequest.from_json(request.to_json()) == request


def test_a_card_and_a_path_travel_too() -> None:
    request = ClipRequest(start_us=0, end_us=1, profile="wide", card=CARD, subtitles=Path("a") / "b.srt")
    again = ClipRequest.from_json(request.to_json())
    assert (again.card, again.subtitles) == (CARD, str(Path("a") / "b.srt"))


def test_nothing_is_by_place_and_nothing_changes() -> None:
    with pytest.raises(TypeError):
        ClipRequest(0, 1)  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        ClipRequest(start_us=0, end_us=1).end_us = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"start_us": -1}, "bad_time"),
        ({"start_us": 5}, "start_not_before_end"),
        ({"audio": "loud"}, "bad_option"),
        ({"focus": 1.5}, "bad_option"),
        ({"profile": "cinema"}, "bad_option"),
        ({"end_us": 10**12}, "too_long"),
        ({"colour": "red"}, "bad_option"),
        ({"end_us": None}, "bad_option"),
    ],
)
def test_what_cannot_be_asked_for_says_why(wrong: dict[str, object], code: str) -> None:
    with pytest.raises(MediaError) as caught:
        ClipRequest.from_json(json.dumps({"start_us": 0, "end_us": 5, **wrong}))
    assert caught.value.code == code


def test_plain_and_sandboxed_make_the_same_of_it(film_of: FilmMaker, tmp_path: Path) -> None:
    source, request = film_of(Film()), ClipRequest(start_us=300_000, end_us=1_700_000)
    plain = cut(source, request, tmp_path / "plain.mp4", index=probe(source))
    bounded = cut_bounded_sync(source, request, tmp_path / "bounded.mp4", index=probe(source))
    assert plain == bounded
    assert (tmp_path / "plain.mp4").read_bytes() == (tmp_path / "bounded.mp4").read_bytes()
