"""Damaged files: no crash, no hang, nothing left behind; a clip or a reason.

``GROUNDSWELL_FUZZ=10000`` damages that many.
"""

import contextlib
import os
import time
from pathlib import Path

import av
import pytest

from groundswell.media import Limits, MediaError, cut, run_bounded_sync
from tests.media.conftest import FilmMaker
from tests.media.film import Film
from tests.media.mutate import mutated

SMALL = (64, 36)
FILMS = [
    Film(frames=30, size=SMALL),
    Film(frames=30, size=SMALL, movflags="frag_keyframe+empty_moov"),
    Film(frames=30, size=SMALL, container="matroska"),
    Film(frames=30, size=SMALL, container="mpegts"),
    Film(frames=30, size=SMALL, codec="libx265"),
    Film(frames=30, size=SMALL, container="webm", codec="libvpx-vp9", audio="libopus", b_frames=0),
]
COUNT = int(os.environ.get("GROUNDSWELL_FUZZ", "180"))


@pytest.mark.timeout(3600)
def test_damaged_files_give_a_clip_or_a_reason(film_of: FilmMaker, tmp_path: Path) -> None:
    films = [film_of(film) for film in FILMS]
    for seed in range(COUNT):
        film = films[seed % len(films)]
        bad = tmp_path / f"bad{film.suffix}"
        bad.write_bytes(mutated(film.read_bytes(), seed))
        began = time.monotonic()
        with av.logging.Capture():
            with contextlib.suppress(MediaError):
                cut(bad, 200_000, 900_000, tmp_path / "clip.mp4")
        assert time.monotonic() - began < 60, f"seed {seed} hung"
        assert {p.name for p in tmp_path.iterdir()} <= {bad.name, "clip.mp4", *(f"bad{f.suffix}" for f in films)}


def test_damaged_files_in_a_bounded_child(film_of: FilmMaker, tmp_path: Path) -> None:
    source = film_of(FILMS[0])
    codes: set[str] = set()
    for seed in range(6):
        bad = tmp_path / "bad.mp4"
        bad.write_bytes(mutated(source.read_bytes(), 10_000 + seed))
        try:
            run_bounded_sync("probe", {"path": str(bad)}, Limits(wall_s=30))
        except MediaError as error:
            codes.add(error.code)
    assert not codes & {"timed_out", "crashed"}
