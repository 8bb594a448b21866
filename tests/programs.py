"""Programs in processes of their own, mostly to be killed: forks of one that has loaded the application."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from tests.forks import Forked, fork


def begin(program: str, *arguments: str) -> Forked:
    """Begin a program as ``python -c`` would, with this process's environment. Whoever kills it waits for it."""
    return fork(program, *arguments)


@contextmanager
def telling(program: str, *arguments: str) -> Iterator[tuple[Forked, BinaryIO]]:
    """A program, and what it prints; it is killed at the end of the block."""
    reads, prints = os.pipe()
    with os.fdopen(reads, "rb") as said:
        try:
            process = fork(program, *arguments, out=prints)
        finally:
            os.close(prints)  # ours; nothing more is read once the program's is closed, too
        try:
            yield process, said
        finally:
            process.kill()
            process.wait()
