"""A stand-in for the clip engine's child that does each piece of work once: every worker and every later run gets what
the first was given, in the same words, and the same files.

For tests of what is done *with* clips and packages. It is spoken to, bounded and killed as the child is; what it has
not seen done is done by the real one. Work is the same when all is the same that decides what comes of it: the engine's
own text, the libraries, what was asked for, and what is in the files that are named there.

Run as ``python -I -S tests/media_cache.py FOLDER ENGINE``, so that it starts in a few milliseconds.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

CHILD = (sys.executable, "-m", "groundswell.media.sandbox.child")
REMEMBERED = {"cut", "poster", "preview", "survey", "artwork", "package", "exact_hls", "probe", "crop_plan"}
PATH = re.compile(r'(?<=")/[^"\\]+')


def main() -> int:
    folder, engine = Path(sys.argv[1]), sys.argv[2]
    line = sys.stdin.readline()
    request = json.loads(line)
    if request["call"] not in REMEMBERED:
        said, status = done_by_the_child(line)
        say(*said[-1:])
        return status
    written = places(request["call"], request["arguments"])
    kept = folder / digest(engine, line, written)
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if kept.exists():
            give(kept, written)
            return 0
        before = [seen(place) for place in written]
        said, status = done_by_the_child(line)
        if status == 0 and said and "result" in json.loads(said[-1]):
            keep(kept, written, before, said)
        say(*said[-1:])  # only now: who has the answer ends this process
        return status


def places(call: str, arguments: dict[str, Any]) -> list[Path]:
    """Where the work writes."""
    names = ("destination",) if call == "exact_hls" else ("destination", "folder")
    return [Path(arguments[name]) for name in names if name in arguments]


def digest(engine: str, line: str, written: list[Path]) -> str:
    """What decides what comes of the work, hashed: of each path that is named, what is there."""

    def content(found: re.Match[str]) -> str:
        path = Path(found[0])
        if path in written:
            return f"written {written.index(path)}"
        return "".join(f"{name} {hashed(file)}" for name, file in files_in(path)) or found[0]

    return hashlib.sha256((engine + PATH.sub(content, line)).encode()).hexdigest()[:32]


def hashed(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_in(path: Path) -> list[tuple[str, Path]]:
    """``path`` itself, or every file in that folder, by its name there."""
    if path.is_file():
        return [("", path)]
    return [(str(file.relative_to(path)), file) for file in sorted(path.rglob("*")) if file.is_file()]


def seen(place: Path) -> dict[str, tuple[int, int]]:
    """What is at ``place``: enough to see whether it is written to."""
    return {name: (file.stat().st_mtime_ns, file.stat().st_size) for name, file in files_in(place)}


def done_by_the_child(line: str) -> tuple[list[str], int]:
    """Have the real child do the work; it ends when this process does. Returns what it said, all but the last of which
    has been passed on, and its status."""
    import subprocess

    said: list[str] = []
    with subprocess.Popen(CHILD, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(line)
        child.stdin.flush()
        for answer in child.stdout:
            say(*said[-1:])
            said.append(answer)
    return said, child.returncode


def say(*lines: str) -> None:
    sys.stdout.write("".join(lines))
    sys.stdout.flush()


def keep(kept: Path, written: list[Path], before: list[dict[str, tuple[int, int]]], said: list[str]) -> None:
    making = kept.with_suffix(".making")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    (making / "said").write_text("".join(said))
    for n, (place, there) in enumerate(zip(written, before, strict=True)):
        now = seen(place)
        for name, file in files_in(place):
            if there.get(name) != now[name]:
                copy = making / f"made{n}" / (name or "=")
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)
    making.rename(kept)


def give(kept: Path, written: list[Path]) -> None:
    """Put what was made where it is wanted now, and say what was said of it."""
    for n, place in enumerate(written):
        for name, file in files_in(kept / f"made{n}"):
            target = place if name == "=" else place / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
    os.utime(kept)
    say((kept / "said").read_text())


if __name__ == "__main__":
    status = main()
    if status < 0:
        os.kill(os.getpid(), -status)
    os._exit(status)
