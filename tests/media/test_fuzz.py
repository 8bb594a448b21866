"""Damaged files: no crash, no hang, nothing left behind; a clip or a reason.

``GROUNDSWELL_FUZZ=10000`` damages that many; ``python -m tests.media.fuzz 10000`` says more about it.
"""

import os
from pathlib import Path

import pytest

from groundswell.media import REASONS, Limits, MediaError, run_bounded_sync
from tests.media.conftest import FilmMaker
from tests.media.fuzz import FILMS, fuzz
from tests.media.mutate import mutated

COUNT = int(os.environ.get("GROUNDSWELL_FUZZ", "240"))
MOST_GROWTH_KIB = 400 << 10


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_damaged_files_give_a_clip_or_a_reason(tmp_path: Path) -> None:
    found = fuzz(range(COUNT), tmp_path)
    assert (found.crashed, found.hung, found.left, found.unforeseen) == ([], [], [], [])
    assert sum(found.outcomes.values()) == COUNT
    assert set(found.outcomes) <= {"made", *REASONS}
    assert not {"crashed", "check_failed"} & set(found.outcomes)
    assert found.outcomes["timed_out"] <= COUNT / 1000, "decoders wait for themselves more often than they may"
    assert found.outcomes["made"] < COUNT, "the damage does not bite"
    assert found.handles < 30
    assert found.grown_kib < MOST_GROWTH_KIB


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
