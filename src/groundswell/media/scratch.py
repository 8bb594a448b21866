"""Temporary folders that do not outlive whoever made them, however that ends.

Each lies in the system's temporary folder, beside a file on which its maker holds a lock. The kernel takes the lock
back when the process is gone, killed or not; the next process that makes a temporary folder deletes those whose lock
nobody holds.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from functools import cache
from pathlib import Path

PREFIX = "groundswell-"
HELD = ".held"


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for as long as the block lasts, or the process."""
    _clear_forsaken_once(tempfile.gettempdir())
    held, lock = _hold()
    folder = held.with_suffix("")
    try:
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        held.unlink(missing_ok=True)
        os.close(lock)


def clear_forsaken(parent: Path) -> int:
    """Delete the folders in ``parent`` whose makers are gone; returns how many. Other users' are left alone."""
    gone = 0
    for held in parent.glob(f"{PREFIX}*{HELD}"):
        with contextlib.suppress(OSError):
            lock = _locked(held, os.O_RDWR)
            if lock is None:
                continue
            shutil.rmtree(held.with_suffix(""), ignore_errors=True)
            held.unlink()
            os.close(lock)
            gone += 1
    return gone


@cache
def _clear_forsaken_once(parent: str) -> None:
    clear_forsaken(Path(parent))


def _hold() -> tuple[Path, int]:
    """A new file and the lock on it."""
    while True:
        handle, name = tempfile.mkstemp(prefix=PREFIX, suffix=HELD)
        os.close(handle)
        with contextlib.suppress(OSError):
            lock = _locked(Path(name), os.O_RDWR)
            if lock is not None:
                return Path(name), lock


def _locked(held: Path, flags: int) -> int | None:
    """The lock on a file of ours, when nobody has it and the file is still there."""
    lock = os.open(held, flags | os.O_NOFOLLOW)
    try:
        flock(lock, LOCK_EX | LOCK_NB)
        if os.fstat(lock).st_uid == os.geteuid() and os.path.samestat(os.fstat(lock), held.lstat()):
            return lock
    except OSError:
        pass
    os.close(lock)
    return None
