"""The demo says at once what keeps it from starting, one process at a time prepares it, and an interruption ends it."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections import namedtuple
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from groundswell.demo import start
from groundswell.demo.disk_space import NEEDED_MIB, NotEnoughSpace, ensure_room, only_one_prepares
from groundswell.demo.people import PERSONAS
from groundswell.demo.progress import stages
from groundswell.demo.start import welcome
from groundswell.platform.settings import Settings
from tests.processes import eventually, free_port

Usage = namedtuple("Usage", "total used free")


def demo(folder: Path, port: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "groundswell.cli", "demo", "--port", str(port)],
        env=os.environ | {"GROUNDSWELL_DATA_DIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # As at a terminal, also where these tests were started in the background, which ignores Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.mark.slow
def test_a_taken_port_is_named_before_anything_is_prepared(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = demo(tmp_path / "data", port)
        words, _ = refused.communicate(timeout=60)
    assert refused.returncode == 2
    assert words.startswith(f"port_taken: Port {port} is taken by another program.")
    assert f"PORT={port + 1}" in words
    assert not (tmp_path / "data").exists()


def test_a_full_disk_and_a_folder_that_cannot_be_written_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotEnoughSpace, match="cannot be written to: Not a directory"):
        ensure_room(tmp_path / "file" / "data")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**12, 10**12, 50 * 1024**2))
    with pytest.raises(NotEnoughSpace, match=f"needs {NEEDED_MIB} MiB; .* has 50 MiB free"):
        ensure_room(tmp_path / "data")


@pytest.mark.slow
def test_an_interrupted_start_ends_says_so_and_leaves_nobody_at_work(tmp_path: Path) -> None:
    started = demo(tmp_path / "my data", free_port())
    eventually(lambda: list((tmp_path / "my data").glob("films/.*.lock")), what="the drawing")
    started.send_signal(signal.SIGINT)
    words, _ = started.communicate(timeout=60)  # which also waits for the painters: they hold the same pipe
    assert started.returncode == 130
    assert words.endswith("Stopped. The next start goes on from here.\n")
    assert "Traceback" not in words
    assert not (tmp_path / "my data" / "demo.edition").exists()


def test_of_two_starts_in_one_folder_the_second_waits(tmp_path: Path) -> None:
    order: list[str] = []
    waits = threading.Event()

    def second() -> None:
        with only_one_prepares(tmp_path, waits.set):
            order.append("second")

    with only_one_prepares(tmp_path, lambda: order.append("never")):
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(10)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_progress_is_told_in_lines_where_nothing_can_be_drawn() -> None:
    written = StringIO()
    with stages(Console(file=written)) as stage:
        report = stage("Drawing")
        for hundredth in range(101):
            report(hundredth / 100)
        report(1.0)
    assert written.getvalue().split("\n") == ["→ Drawing", "  25 %", "  50 %", "  75 %", "  100 %", ""]


@pytest.mark.parametrize("width", [60, 80, 140])
def test_the_addresses_are_whole_however_narrow_the_window(width: int) -> None:
    written = StringIO()
    welcome(Settings(), Console(file=written, width=width))
    for persona in PERSONAS:
        assert f"http://127.0.0.1:8000/sign-in?as={persona.subject}" in written.getvalue()


def test_an_interruption_is_told_apart_from_a_failure() -> None:
    """A driver that stumbles over being cancelled must not hide that it was."""

    async def stumble() -> None:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            raise AssertionError("in the middle of a pipeline") from None

    async def interrupted() -> None:
        task = asyncio.create_task(start._interruptible(stumble()))
        await asyncio.sleep(0)
        task.cancel()
        await task

    async def fail() -> None:
        raise LookupError("a failure of its own")

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(interrupted())
    with pytest.raises(LookupError):
        asyncio.run(start._interruptible(fail()))
