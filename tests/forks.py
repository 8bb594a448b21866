"""Processes that are forked from one which has loaded the application, once for all tests.

Loading it takes four seconds of the processor, and most processes that tests start run for less than one. Whoever is
forked gets what a process gets that is started: its environment and folder, where to write, a Ctrl-C, what it is asked
for in ``sys.argv``; and it ends as any other. Whether starting works is for tests that start ``python -m
groundswell.cli``.
"""

import gc
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import BinaryIO

REPOSITORY = Path(__file__).parents[1]

PRELOADED = (
    "tests.support",
    "groundswell.backup",
    "groundswell.catalog.importer",
    "groundswell.cli",
    "groundswell.demo.simulation.command",
    "groundswell.demo.start",
    "groundswell.doctor",
    "groundswell.web.server",
)
"""All that the commands and the tests' programs load."""
COMMAND = "import sys; from groundswell.cli import app; sys.exit(app())"
"""What the script ``groundswell`` does."""
SCRIPT = "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
"""What ``python <file>`` does."""


NUMBER = struct.Struct("q")


class Forked:
    """A process, for whoever asked for it, as `subprocess.Popen` has it."""

    def __init__(self, pid: int, end: socket.socket) -> None:
        self.pid, self._end = pid, end
        self.returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        """How it ended: its status, or a signal negated."""
        if self.returncode is None:
            self._end.settimeout(timeout)
            try:
                self._hear()
            except TimeoutError:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0) from None
        assert self.returncode is not None
        return self.returncode

    def poll(self) -> int | None:
        """The same, where it has ended."""
        if self.returncode is None:
            self._end.setblocking(False)
            with suppress(BlockingIOError):
                self._hear()
        return self.returncode

    def _hear(self) -> None:
        said = self._end.recv(NUMBER.size)
        self._end.close()
        (self.returncode,) = NUMBER.unpack(said) if said else (-signal.SIGKILL,)  # nobody is left to say how

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def fork(
    program: str, *arguments: str, environment: Mapping[str, str] | None = None, out: int = 1, errors: int = 2
) -> Forked:
    """Begin a program as ``python -c`` would, with this process's environment unless another is given, and with the
    descriptors to which it writes."""
    control, wrong = _server()
    wish = (program, arguments, dict(os.environ if environment is None else environment), os.getcwd())
    end, theirs = socket.socketpair()
    with theirs, tempfile.TemporaryFile() as file:
        pickle.dump(wish, file)
        file.seek(0)
        socket.send_fds(control, [b"+"], [file.fileno(), out, errors, theirs.fileno()])
    if not (said := end.recv(NUMBER.size)):
        wrong.seek(0)
        raise ChildProcessError(wrong.read().decode())
    return Forked(*NUMBER.unpack(said), end)


def groundswell(words: Sequence[str], environment: Mapping[str, str], out: int = 1, errors: int = 2) -> Forked:
    """Begin ``groundswell <words>``."""
    return fork(COMMAND, *words, environment=environment, out=out, errors=errors)


def run(
    program: str, *arguments: str, environment: Mapping[str, str] | None = None, timeout: float = 600
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, as `subprocess.run` would."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        process = fork(program, *arguments, environment=environment, out=out.fileno(), errors=errors.fileno())
        try:
            code = process.wait(timeout)
        finally:
            process.kill()
        for file in (out, errors):
            file.seek(0)
        return subprocess.CompletedProcess(arguments, code, out.read().decode(), errors.read().decode())


@cache
def _server() -> tuple[socket.socket, BinaryIO]:
    """Over which this process asks its server for others, and what that has to say where it fails. It ends with us, and
    with it whatever a test has left behind."""
    ours, theirs = socket.socketpair()
    # No terminal: whoever loads the application at one finds that messages are to be coloured.
    wrong = tempfile.TemporaryFile()  # noqa: SIM115 - as long as this process
    with theirs:
        subprocess.Popen(
            [sys.executable, "-m", __name__, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=wrong,
        )
    return ours, wrong


def main() -> None:
    """The server; in each process that it forks, the program."""
    control = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for those that are forked
    gc.disable()
    for module in PRELOADED:
        import_module(module)
    gc.enable()
    gc.freeze()  # a collection in a fork would touch, and so copy, every page
    if (wish := serve(control)) is not None:
        program, arguments = wish
        sys.argv = ["groundswell", *arguments]
        sys.modules["__main__"] = module = ModuleType("__main__")
        exec(compile(program, "<program>", "exec"), vars(module))


def serve(control: socket.socket) -> tuple[str, tuple[str, ...]] | None:
    """Fork whatever is asked for, and say how each ended. In a fork: the program, and its arguments."""
    ends: dict[int, socket.socket] = {}

    def reap(*_: object) -> None:
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                with ends.pop(ended[0]) as end, suppress(OSError):
                    end.send(NUMBER.pack(os.waitstatus_to_exitcode(ended[1])))

    signal.signal(signal.SIGCHLD, reap)
    while (given := socket.recv_fds(control, 1, 4))[0]:
        wish, out, errors, end = given[1]
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])  # until it is known whose end that is
        if (pid := os.fork()) == 0:
            for each in (control, *ends.values()):
                each.close()
            return become(wish, out, errors, end)
        ends[pid] = socket.socket(fileno=end)
        ends[pid].send(NUMBER.pack(pid))
        for descriptor in (wish, out, errors):
            os.close(descriptor)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
    for pid in list(ends):
        os.kill(pid, signal.SIGTERM)
    return None


def become(wish: int, out: int, errors: int, end: int) -> tuple[str, tuple[str, ...]]:
    """Make of this fork what a process is that has just been started."""
    os.close(end)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
    for given, place in ((out, 1), (errors, 2)):
        os.dup2(given, place)
        os.close(given)
    with open(wish, "rb") as file:
        program, arguments, environment, folder = pickle.load(file)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(folder)
    return program, arguments


if __name__ == "__main__":
    main()
