"""Programs in processes of their own, mostly to be killed.

They are forked from a process that has loaded the application, once for all tests: loading it takes several seconds of
the processor, and most of these run for less than one.
"""

import multiprocessing
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import BinaryIO

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.preloaded"])


def begin(program: str, *arguments: str) -> ForkServerProcess:
    """Begin a program as ``python -c`` would, with this process's environment. Whoever kills it waits for it
    (``join``)."""
    return _begun(program, arguments, None)


@contextmanager
def telling(program: str, *arguments: str) -> Iterator[tuple[ForkServerProcess, BinaryIO]]:
    """A program, and what it prints; it is killed at the end of the block."""
    reads, prints = FORKS.Pipe(duplex=False)
    process = _begun(program, arguments, prints)
    prints.close()  # ours; nothing more is read once the program's is closed, too
    try:
        with os.fdopen(os.dup(reads.fileno()), "rb") as said:
            yield process, said
    finally:
        reads.close()
        process.kill()
        process.join()


def _begun(program: str, arguments: tuple[str, ...], prints: Connection | None) -> ForkServerProcess:
    what = (program, arguments, dict(os.environ), prints)
    process = FORKS.Process(target=_run, args=what, daemon=True)  # ended with us, whatever a test leaves behind
    process.start()
    return process


def _run(program: str, arguments: tuple[str, ...], environment: Mapping[str, str], prints: Connection | None) -> None:
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["-c", *arguments]
    if prints is not None:
        os.dup2(prints.fileno(), sys.stdout.fileno())
        prints.close()
    exec(compile(program, "<program>", "exec"), {"__name__": "__main__"})
