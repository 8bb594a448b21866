"""Temporary folders go with whoever made them, also when that is killed."""

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from groundswell.media import scratch

MAKER = """
import sys, time
from groundswell.media.scratch import scratch
with scratch() as folder:
    (folder / "table.cube").write_text("x")
    print(folder, flush=True)
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    scratch._clear_forsaken_once.cache_clear()
    return tmp_path


def test_it_is_there_within_the_block_and_ours_alone(temporary: Path) -> None:
    with scratch.scratch() as one, scratch.scratch() as other:
        assert one != other
        assert one.stat().st_mode & 0o777 == 0o700
        (one / "file").write_text("x")
        assert scratch.clear_forsaken(temporary) == 0, "both are in use"
        assert (one / "file").exists()
    assert list(temporary.iterdir()) == []


def test_what_a_killed_process_left_is_gone_when_the_next_one_makes_a_folder(temporary: Path) -> None:
    with ExitStack() as stack:
        makers = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", MAKER],
                    stdout=subprocess.PIPE,
                    text=True,
                    env=os.environ | {"TMPDIR": str(temporary)},
                )
            )
            for _ in range(2)
        ]
        try:
            folders = [Path(maker.stdout.readline().strip()) for maker in makers if maker.stdout]
            makers[0].kill()
            makers[0].wait()
            assert all(folder.exists() for folder in folders)
            with scratch.scratch():
                assert [folder.exists() for folder in folders] == [False, True], "one is still in use"
        finally:
            for maker in makers:
                maker.kill()
    assert scratch.clear_forsaken(temporary) == 1
    assert list(temporary.iterdir()) == []


def test_what_others_put_there_is_left_alone(temporary: Path) -> None:
    for name in ("groundswell-x", "other.held"):
        (temporary / name).mkdir()
    (temporary / "groundswell-link.held").symlink_to(temporary / "elsewhere")
    assert scratch.clear_forsaken(temporary) == 0
    assert len(list(temporary.iterdir())) == 3
