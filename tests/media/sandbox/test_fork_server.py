"""The process of which bounded children are forks: what they share, what they do not, and when all of it ends."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from groundswell.media import (
    ClipRequest,
    Limits,
    MediaError,
    cut_bounded,
    cut_bounded_sync,
    probe_bounded_sync,
    run_bounded_sync,
)
from groundswell.media.sandbox.child_process import MODULE, SERVER, ForkServer, start, status_of
from tests.media.conftest import FilmMaker
from tests.media.film import Film

SLOW = ClipRequest(start_us=0, end_us=20_000_000, profile="vertical")
PATIENCE_S = 120

OWNER = """
import sys
from groundswell.media import probe_bounded_sync
from groundswell.media.sandbox.child_process import SERVER, start
probe_bounded_sync(sys.argv[1])
waiting = start()
print(SERVER._process.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def server() -> Iterator[ForkServer]:
    """One of the test's own."""
    server = ForkServer()
    yield server
    server.stop()


def process(server: ForkServer) -> psutil.Process:
    assert server._process is not None
    return psutil.Process(server._process.pid)


def until(true: object, what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():  # type: ignore[operator]
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def gone(*processes: psutil.Process) -> bool:
    return not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in processes)


def test_children_are_forks_of_one_process_that_has_loaded_the_libraries(film_of: FilmMaker) -> None:
    source = film_of(Film())
    probe_bounded_sync(source)
    mine = [child for child in psutil.Process().children() if MODULE in child.cmdline()]
    with closing(start()):
        until(lambda: len(mine[0].children()) == 1, "a child")
        (child,) = mine[0].children()
        libraries = {Path(each.path).name.split(".")[0] for each in child.memory_maps()}
        assert {"_multiarray_umath"} <= libraries, "before it is asked for anything"
        assert child.num_threads() == 1
    assert [child for child in psutil.Process().children() if MODULE in child.cmdline()] == mine
    until(lambda: mine[0].children() == [], "its end")


def test_a_child_that_is_let_go_of_is_killed_whatever_it_does(server: ForkServer) -> None:
    with closing(server.child()) as child:
        until(lambda: len(process(server).children()) == 1, "a child")
        (there,) = process(server).children()
        there.suspend()
        child.kill()
        assert status_of(child.end.recv(64)) == -signal.SIGKILL
    assert gone(there)


def test_how_a_child_ended_is_told_while_others_live(server: ForkServer) -> None:
    """None of them holds what belongs to another."""
    with closing(server.child()) as one, closing(server.child()) as other, closing(server.child()):
        until(lambda: len(process(server).children()) == 3, "three children")
        psutil.Process(min(each.pid for each in process(server).children())).send_signal(signal.SIGSEGV)
        one.end.settimeout(PATIENCE_S)
        assert status_of(one.end.recv(64)) == -signal.SIGSEGV
        assert one.end.recv(64) == b"", "and there is no more to wait for"
        assert one.words.recv(64) == b"", "its words end with it"
        other.kill()
        assert status_of(other.end.recv(64)) == -signal.SIGKILL


def test_a_child_finds_none_of_the_services_secrets(server: ForkServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSWELL_SECRET", "of the service")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of the bucket")
    with closing(server.child()):
        until(lambda: len(process(server).children()) == 1, "a child")
        (child,) = process(server).children()
        for each in (process(server), child):
            found = set(each.environ())
            assert "PATH" in found
            assert not {name for name in found if name.startswith(("GROUNDSWELL_", "AWS_"))}
        shared = {Path(os.readlink(f"/proc/{child.pid}/fd/{n}")) for n in os.listdir(f"/proc/{child.pid}/fd")}
        assert all(str(path).startswith(("/dev/null", "socket:")) for path in shared)


@pytest.mark.slow
def test_with_its_owner_all_of_it_ends(film_of: FilmMaker) -> None:
    command = [sys.executable, "-c", OWNER, str(film_of(Film()))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        server = psutil.Process(int(owner.stdout.readline()))
        until(lambda: len(server.children()) == 1, "a child")
        children = server.children()
        owner.send_signal(signal.SIGKILL)
    until(lambda: gone(server, *children), "their end")


@pytest.mark.slow
def test_when_it_has_ended_there_is_another(server: ForkServer) -> None:
    with closing(server.child()) as child:
        until(lambda: len(process(server).children()) == 1, "a child")
        (there,) = process(server).children()
        process(server).kill()
        assert child.end.recv(64) == b""
        until(lambda: gone(there), "its end")
    with closing(server.child()):
        until(lambda: len(process(server).children()) == 1, "another child")


async def test_what_was_being_done_when_it_was_killed_is_to_be_tried_again(film_of: FilmMaker, tmp_path: Path) -> None:
    source = film_of(Film(frames=600))

    def kill(done: float) -> None:
        process(SERVER).kill()

    with pytest.raises(MediaError) as caught:
        await cut_bounded(source, SLOW, tmp_path / "clip.mp4", on_progress=kill)
    assert caught.value.code == "out_of_memory"
    assert os.listdir(tmp_path) == []
    assert probe_bounded_sync(source).duration_us


@pytest.mark.slow
def test_limits_are_each_childs_own(film_of: FilmMaker, tmp_path: Path) -> None:
    source = film_of(Film(frames=600))
    with pytest.raises(MediaError) as caught:
        cut_bounded_sync(source, replace(SLOW, limits=Limits(cpu_s=1)), tmp_path / "clip.mp4")
    assert caught.value.code == "timed_out"
    assert probe_bounded_sync(source).duration_us


def test_paths_begin_where_its_owner_is_and_temporary_files_lie_apart(
    film_of: FilmMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = film_of(Film())
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "film.mp4").symlink_to(source)
        monkeypatch.chdir(tmp_path / folder)
        assert probe_bounded_sync("film.mp4").duration_us
        run_bounded_sync("poster", {"source": "film.mp4", "at_us": 0, "destination": "poster.jpg"})
        assert (tmp_path / folder / "poster.jpg").exists()


def test_a_request_that_nobody_finishes_costs_nobody_else(server: ForkServer) -> None:
    with closing(server.child()) as silent:
        silent.words.send(json.dumps({"call": "probe"}).encode())  # no end of line
        with closing(server.child()) as other:
            asked = {"call": "confinement", "arguments": {}, "memory_bytes": 4 << 30, "cpu_s": 60}
            other.words.send(json.dumps(asked | {"temporary": "/tmp", "working": "/"}).encode() + b"\n")
            assert b"result" in other.words.recv(4096)


def test_from_many_threads_and_loops_at_once(film_of: FilmMaker) -> None:
    source, found = film_of(Film()), []

    def look() -> None:
        found.append(probe_bounded_sync(source).duration_us)

    async def look_async() -> None:
        await asyncio.gather(*(asyncio.to_thread(look) for _ in range(3)))

    threads = [threading.Thread(target=look) for _ in range(3)]
    threads.append(threading.Thread(target=lambda: asyncio.run(look_async())))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1
