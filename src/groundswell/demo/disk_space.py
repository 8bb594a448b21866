"""The demo's data folder: whether it has room, and that one process at a time prepares it."""

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from groundswell.platform.cannot_start import CannotStart

MIB = 1024**2
NEEDED_MIB = 1200
"""Films, database, lake and pictures of a prepared demo, and what is made on the way."""


class NotEnoughSpace(CannotStart):
    """The folder cannot take the demo."""

    code = "not_enough_space"


def ensure_room(folder: Path) -> None:
    """Make ``folder`` and see that the demo fits.

    Raises:
        NotEnoughSpace: it cannot be written to, or the disk is too full.
    """
    elsewhere = "Name another folder in GROUNDSWELL_DATA_DIR."
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".writable").touch()
        (folder / ".writable").unlink()
    except OSError as error:
        raise NotEnoughSpace(f"{folder.resolve()} cannot be written to: {error.strerror}. {elsewhere}") from None
    free = shutil.disk_usage(folder).free // MIB
    if free < NEEDED_MIB:
        raise NotEnoughSpace(f"The demo needs {NEEDED_MIB} MiB; {folder.resolve()} has {free} MiB free. {elsewhere}")


@contextmanager
def only_one_prepares(folder: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold the folder for the block; ``on_wait`` is called when another process has it now."""
    with (folder / ".preparing").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
