"""Test films that are rendered once: every worker and every later run copies what the first has made."""

import fcntl
import hashlib
import inspect
import os
import shutil
import time
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import Any, ParamSpec

import av
import imageio_ffmpeg
import numpy as np

ROOT = Path(__file__).parents[1]
CACHE = Path(os.environ.get("GROUNDSWELL_TEST_FILMS") or ROOT / ".pytest_cache" / "films")
UNUSED_S = 14 * 86400
VERSIONS = (av.__version__, sorted(av.library_versions.items()), np.__version__, imageio_ffmpeg.__version__)

P = ParamSpec("P")


def rendered_once(make: Callable[P, Path]) -> Callable[P, Path]:
    """Decorate a function that writes a film to its only path argument (adding a suffix where that has none) and
    returns where it is.

    A film is kept under the hash of whatever decides what is in it: the text of the module that makes it, the other
    arguments, the suffix asked for, and the versions of what encodes.
    """
    text = Path(inspect.getfile(make)).read_text()

    @wraps(make)
    def copied(*arguments: P.args, **options: P.kwargs) -> Path:
        (place,) = (n for n, argument in enumerate(arguments) if isinstance(argument, Path))
        path, rest = arguments[place], (arguments[:place], arguments[place + 1 :], sorted(options.items()))
        folder = cache_folder() / _digest(text, make.__name__, path.suffix, rest, VERSIONS)
        with folder.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                making = folder.with_suffix(".making")
                shutil.rmtree(making, ignore_errors=True)
                making.mkdir()
                make(*arguments[:place], making / f"film{path.suffix}", *arguments[place + 1 :], **options)
                making.rename(folder)
            (film,) = folder.iterdir()
            os.utime(folder)
            return Path(shutil.copyfile(film, path.with_suffix(film.suffix)))

    return copied


def engine_digest() -> str:
    """What stands for the clip engine as it is: its text, and the versions of all libraries."""
    files = sorted((ROOT / "src" / "groundswell" / "media").rglob("*.py"))
    texts = [file.read_bytes() for file in (*files, ROOT / "requirements.lock")]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()


def _digest(*parts: Any) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


@cache
def cache_folder() -> Path:
    """The cache, rid of what nobody has asked for lately."""
    CACHE.mkdir(parents=True, exist_ok=True)
    for folder in CACHE.iterdir():
        if folder.is_dir() and time.time() - folder.stat().st_mtime > UNUSED_S:
            shutil.rmtree(folder, ignore_errors=True)
            folder.with_suffix(".lock").unlink(missing_ok=True)
    return CACHE
