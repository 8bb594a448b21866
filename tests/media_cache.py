"""A stand-in for the clip engine's children that does each piece of work once: every worker and every later run gets
what the first was given, in the same words, and the same files.

For tests of what is done *with* clips and packages. It is spoken to, bounded and killed as a child is; what it has not
seen done is done by a real one. Work is the same when all is the same that decides what comes of it: the engine's own
text, the libraries, what was asked for, and what is in the files that are named there.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from groundswell.media.sandbox import child_process
from groundswell.media.sandbox.child_process import SERVER, ChildProcess, status_of
from tests.film_cache import cache_folder, engine_digest

REMEMBERED = {"cut", "poster", "preview", "survey", "artwork", "package", "exact_hls", "probe", "crop_plan", "join"}
PATH = re.compile(r'(?<=")/[^"\\]+')
DECISIVE = ("call", "arguments", "memory_bytes", "cpu_s")


@contextmanager
def remembered() -> Iterator[None]:
    """Have each piece of media work that this process asks for in here done once, for whoever asks for it in here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(child_process, "start", _remembering())
        yield


@cache
def _remembering() -> Callable[[], ChildProcess]:
    return remembering(cache_folder(), engine_digest())


def remembering(folder: Path, engine: str) -> Callable[[], ChildProcess]:
    """A way to start children that keeps in ``folder`` what the engine called ``engine`` has made."""

    def start() -> ChildProcess:
        (words, theirs), (end, their_end) = socket.socketpair(), socket.socketpair()
        threading.Thread(target=_answer, args=(theirs, their_end, folder, engine), daemon=True).start()
        return ChildProcess(words, end)

    return start


def _answer(words: socket.socket, end: socket.socket, folder: Path, engine: str) -> None:
    """Do what one child does, from its request to its end."""
    with words, end, words.makefile("rb") as asked:
        status = 1
        try:
            if line := asked.readline():
                status = _done(line, words, end, folder, engine)
        except ConnectionError:  # nobody listens any more
            pass
        finally:
            _tell(end, status)


def _tell(end: socket.socket, status: int) -> None:
    try:
        end.send(b"%d" % status)
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def _done(line: bytes, said: socket.socket, end: socket.socket, folder: Path, engine: str) -> int:
    request = json.loads(line)
    if request["call"] not in REMEMBERED:
        answers, status = _done_by_a_child(line, said, end)
        _say(said, *answers[-1:])
        return status
    written = places(request["call"], request["arguments"])
    kept = folder / digest(engine, json.dumps({name: request[name] for name in DECISIVE}), written)
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if kept.exists():
            give(kept, written, said)
            return 0
        before = [seen(place) for place in written]
        answers, status = _done_by_a_child(line, said, end)
        if status == 0 and answers and b"result" in answers[-1]:
            keep(kept, written, before, answers)
        _say(said, *answers[-1:])  # only now: who has the answer ends this work
        return status


def _done_by_a_child(line: bytes, said: socket.socket, end: socket.socket) -> tuple[list[bytes], int]:
    """Have a real child do the work; it is killed when this one is. Returns what it said, all but the last of which has
    been passed on, and its status."""
    answers: list[bytes] = []
    with closing(SERVER.child()) as child, child.words.makefile("rb") as words:

        def killed() -> None:
            if not end.recv(1):
                child.kill()

        watch = threading.Thread(target=killed, daemon=True)
        watch.start()
        child.words.sendall(line)
        for answer in words:
            _say(said, *answers[-1:])
            answers.append(answer)
        how = b"".join(iter(lambda: child.end.recv(64), b""))
        end.shutdown(socket.SHUT_RD)  # the watch ends
        watch.join()
        return answers, 0 if answers and b"progress" not in answers[-1] else status_of(how)


def _say(said: socket.socket, *lines: bytes) -> None:
    said.sendall(b"".join(lines))


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


def keep(kept: Path, written: list[Path], before: list[dict[str, tuple[int, int]]], said: list[bytes]) -> None:
    making = kept.with_suffix(".making")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    (making / "said").write_bytes(b"".join(said))
    for n, (place, there) in enumerate(zip(written, before, strict=True)):
        now = seen(place)
        for name, file in files_in(place):
            if there.get(name) != now[name]:
                copy = making / f"made{n}" / (name or "=")
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)
    making.rename(kept)


def give(kept: Path, written: list[Path], said: socket.socket) -> None:
    """Put what was made where it is wanted now, and say what was said of it."""
    for n, place in enumerate(written):
        for name, file in files_in(kept / f"made{n}"):
            target = place if name == "=" else place / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
    os.utime(kept)
    _say(said, (kept / "said").read_bytes())
