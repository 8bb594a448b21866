"""A bounded child as its owner sees it: words to and from it, how it ended, and a way to end it."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass

MODULE = "groundswell.media.sandbox.fork_server"
NEEDED = ("HOME", "LANG", "PATH", "SYSTEMROOT", "TZ", "VIRTUAL_ENV")
NEEDED_PREFIXES = ("DYLD_", "FONTCONFIG_", "LC_", "LD_", "PYTHON")
"""What libraries need of the environment. The service's own secrets are in it too: no decoder is to find them."""


@dataclass(frozen=True)
class ChildProcess:
    """A child. Close it: a child that has not ended by then is killed."""

    words: socket.socket
    """Its standard input and output."""
    end: socket.socket
    """Says how it has ended; shut for writing, has it killed."""

    def kill(self) -> None:
        """Have it killed, if it has not ended."""
        with contextlib.suppress(OSError):
            self.end.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.kill()
        self.words.close()
        self.end.close()


def status_of(said: bytes) -> int:
    """How a child ended, of all that was said over its `ChildProcess.end`: its exit status, or a signal negated. Where
    the server is gone nothing was said; only a kernel out of memory ends it before its owner."""
    return int(said) if said else -signal.SIGKILL


class ForkServer:
    """This process's own fork server, started when a child is first asked for and again when it has ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def child(self) -> ChildProcess:
        """A new child, which waits for its request.

        Raises:
            OSError: none can be had: no memory, no process, no descriptor.
        """
        words, theirs = socket.socketpair()
        end, their_end = socket.socketpair()
        try:
            with theirs, their_end, self._lock:
                self._ask(theirs, their_end)
        except OSError:
            words.close()
            end.close()
            raise
        return ChildProcess(words, end)

    def stop(self) -> None:
        """End the server, and with it all children."""
        with self._lock:
            self._forget()

    def _ask(self, *given: socket.socket) -> None:
        descriptors = [each.fileno() for each in given]
        if self._control is not None:
            try:
                socket.send_fds(self._control, [b"+"], descriptors)
                return
            except OSError:  # it has ended
                self._forget()
        socket.send_fds(self._started(), [b"+"], descriptors)

    def _started(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", MODULE, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=_environment(),
                start_new_session=True,  # a Ctrl-C at the terminal is for us: a child would look like one that crashed
            )
        self._control = ours
        return ours

    def _forget(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.wait()
        self._control = self._process = None

    def begin_anew(self) -> None:
        """In a fork of this process: the server is not ours."""
        self._lock = threading.Lock()
        if self._control is not None:
            self._control.close()  # what is left open here would keep the server after its owner
        if self._process is not None:
            self._process.returncode = 0  # nor is it ours to wait for
        self._control = self._process = None


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in NEEDED or name.startswith(NEEDED_PREFIXES)}
    return {**kept, "OPENBLAS_NUM_THREADS": "1"}  # what is forked may have one thread


SERVER = ForkServer()
atexit.register(SERVER.stop)
os.register_at_fork(after_in_child=SERVER.begin_anew)


def start() -> ChildProcess:
    """A new child of this process's fork server. Raises OSError where none can be had."""
    return SERVER.child()
