"""The films of the tests leave the process that makes them as it was."""

import os
from pathlib import Path

import pytest

from tests.media.film import Film, make


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="scheduling classes are Linux's")
def test_making_an_av1_film_leaves_scheduling_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.film_cache.CACHE", tmp_path / "cache")  # a film that is made, not fetched
    make(Film(codec="libsvtav1", frames=12, b_frames=0, audio=None), tmp_path / "film")
    assert os.sched_getscheduler(0) == os.SCHED_OTHER
