"""A process that does media work reaches no network, starts no program, and writes only where it was told to."""

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from groundswell.media.sandbox.bounded import confinement_left_out
from groundswell.media.sandbox.calls import WORK, folders_written
from groundswell.media.sandbox.confinement import confine

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")

ATTEMPT = """
import encodings.idna, os, socket, stringprep, subprocess, sys, threading, unicodedata
from groundswell.media.sandbox.confinement import confine
inside, outside, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
if sys.argv[4:]:
    os.setuid(int(sys.argv[4]))
assert confine([inside]) == [], "this kernel has all of it"

def attempt(what):
    try:
        what()
        return "done"
    except Exception as error:
        return type(error).__name__

def all_of_it():
    print(attempt(lambda: open(inside + "/made", "w").write("x")))
    print(attempt(lambda: os.replace(inside + "/made", inside + "/moved")))
    print(attempt(lambda: open(outside + "/made", "w")))
    print(attempt(lambda: open(outside + "/input", "a")))
    print(attempt(lambda: os.truncate(outside + "/input", 0)))
    print(attempt(lambda: os.remove(outside + "/input")))
    print(attempt(lambda: os.symlink("/etc/passwd", outside + "/link")))
    print(attempt(lambda: open(outside + "/input").read()))
    print(attempt(lambda: subprocess.run(["/bin/true"])))
    print(attempt(lambda: socket.create_connection(("127.0.0.1", port), 2)))
    print(attempt(lambda: open("/dev/null", "w").write("x")))

thread = threading.Thread(target=all_of_it)
thread.start()
thread.join()
"""
OUTCOMES = ["done", "done", *["PermissionError"] * 5, "done", "PermissionError", None, "done"]


@pytest.mark.parametrize("user", [[], ["65534"]], ids=["as we are", "as nobody"])
def test_what_is_confined_reaches_only_its_own_folder(user: list[str]) -> None:
    if user and os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
        inside, outside = Path(folder) / "inside", Path(folder) / "outside"
        for made in (Path(folder), inside, outside):
            made.mkdir(exist_ok=True)
            made.chmod(0o777)
        (outside / "input").write_text("film")
        (outside / "input").chmod(0o666)
        command = [sys.executable, "-c", ATTEMPT, str(inside), str(outside), str(server.getsockname()[1]), *user]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        left = (outside / "input").read_text()
    assert done.returncode == 0, done.stderr
    said = done.stdout.split()
    assert [want or got for want, got in zip(OUTCOMES, said, strict=True)] == said
    assert said[9] in {"OSError", "PermissionError", "ConnectionRefusedError", "TimeoutError"}
    assert left == "film"


async def test_the_child_says_what_it_is_cut_off_from() -> None:
    assert await confinement_left_out() == []


def test_only_what_a_piece_of_work_makes_is_written(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    made = {"destination": str(tmp_path / "out" / "clip.mp4"), "source": "/films/film.mp4"}
    assert folders_written("cut", made) == [tmp_path / "out"]
    assert folders_written("package", {"folder": str(tmp_path / "package"), "source": "x"}) == [tmp_path / "package"]
    exact = {"folder": "/objects/titles/1", "destination": str(tmp_path / "made")}
    assert folders_written("exact_hls", exact) == [tmp_path]
    assert folders_written("sign", {"path": str(tmp_path / "clip.mp4")}) == [tmp_path]
    assert folders_written("probe", {"path": "/films/film.mp4"}) == []
    assert set(WORK) >= {"cut", "package", "exact_hls", "sign", "probe"}


def test_elsewhere_than_on_linux_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert confine([]) == ["network", "files"]
