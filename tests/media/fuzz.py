"""Damage files by the thousand and see what the engine makes of them: ``python -m tests.media.fuzz 10000``.

The work is done in a child that goes on from file to file until it dies, so that a crash of a decoder is counted and
survived, as it is in the service, and memory or handles that leak from one file to the next add up and show.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import av

from groundswell.media import ClipRequest, MediaError, cut, find_shots, package, poster, storyboard, waveform
from groundswell.media.sandbox.child import STALLED, end_when_stalled
from tests.media.film import Film, make
from tests.media.mutate import mutated

SMALL = (64, 36)
FILMS = [
    Film(frames=30, size=SMALL),
    Film(frames=30, size=SMALL, movflags="frag_keyframe+empty_moov"),
    Film(frames=30, size=SMALL, container="matroska"),
    Film(frames=30, size=SMALL, container="mpegts"),
    Film(frames=30, size=SMALL, codec="libx265"),
    Film(frames=30, size=SMALL, container="webm", codec="libvpx-vp9", audio="libopus", b_frames=0),
    Film(frames=30, size=SMALL, container="avi", codec="mpeg4", audio="mp3", b_frames=0),
    Film(frames=30, size=SMALL, container="mov", codec="mjpeg", pixel_format="yuvj420p", audio="pcm_s16le", b_frames=0),
    Film(frames=30, size=SMALL, container="flv"),
    Film(frames=30, size=SMALL, codec="libsvtav1", b_frames=0, options=(("svtav1-params", "keyint=12:lp=1"),)),
]
SLOWEST_S = 60.0
STALLED_AFTER_S = 5.0
MEMORY = 4 << 30


@dataclass
class Found:
    """What came of it: how often each reason (or ``made``), and the seeds that crashed, hung or left something."""

    outcomes: Counter[str] = field(default_factory=Counter)
    crashed: list[int] = field(default_factory=list)
    hung: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    unforeseen: list[tuple[int, str]] = field(default_factory=list)
    grown_kib: int = 0
    """Most that one child's memory grew between its 100th file and its last."""
    handles: int = 0
    """Most files a child had open between two pieces of work."""


def work(source: Path, folder: Path, seed: int) -> None:
    """One thing to do with a damaged file: mostly a cut."""
    made = folder / "made.mp4"
    pieces = [
        lambda: cut(
            source,
            ClipRequest(start_us=200_000, end_us=900_000, profile="square" if seed % 40 == 0 else "source"),
            made,
        ),
        lambda: package(source, folder),
        lambda: poster(source, 300_000, made, (120, 63)),
        lambda: storyboard(source, made, tiles=4),
        lambda: waveform(source, points=10),
        lambda: find_shots(source),
    ]
    pieces[seed // len(FILMS) % 12 if seed // len(FILMS) % 12 < len(pieces) else 0]()


def child(films: Sequence[Path]) -> None:
    """Answer each seed on stdin with a line of JSON on stdout."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    av.logging.set_level(None)
    threading.Thread(target=end_when_stalled, args=(STALLED_AFTER_S,), daemon=True).start()
    for line in sys.stdin:
        seed = int(line)
        film = films[seed % len(films)]
        with TemporaryDirectory(prefix="fuzz-") as name:
            folder = Path(name)
            (folder / "out").mkdir()
            bad = folder / f"bad{film.suffix}"
            bad.write_bytes(mutated(film.read_bytes(), seed))
            outcome, unforeseen = "made", ""
            try:
                work(bad, folder / "out", seed)
            except MediaError as error:
                outcome = error.code
            except Exception as error:
                outcome, unforeseen = "unforeseen", repr(error)
            left = outcome != "made" and bool(list((folder / "out").iterdir()))
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        answer = {"outcome": outcome, "unforeseen": unforeseen, "left": left, "kib": pages * 4}
        print(json.dumps({**answer, "handles": len(os.listdir("/proc/self/fd"))}), file=out, flush=True)


def fuzz(seeds: Sequence[int], folder: Path, *, report_every: int = 0) -> Found:
    """Run the seeds in children of one's own, one at a time."""
    films = [make(film, folder / f"film{n}") for n, film in enumerate(FILMS)]
    found = Found()
    at = 0
    while at < len(seeds):
        at = _until_it_dies(seeds, at, films, found, report_every)
    return found


def _until_it_dies(seeds: Sequence[int], at: int, films: list[Path], found: Found, report_every: int) -> int:
    """Hand seeds to one child from number ``at`` on; the number to go on with when it is dead or there are no more."""
    command = [sys.executable, "-m", "tests.media.fuzz", "--child", *map(str, films)]
    settled = 0
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for done, seed in enumerate(seeds[at:]):
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(b"%d\n" % seed)
                process.stdin.flush()
            ready, _, _ = select.select([process.stdout], [], [], SLOWEST_S)
            line = process.stdout.readline() if ready else b""
            if not line:
                process.kill() if not ready else process.wait()
                if process.poll() == STALLED:
                    found.outcomes["timed_out"] += 1
                else:
                    (found.crashed if ready else found.hung).append(seed)
                return at + done + 1
            _note(json.loads(line), seed, found)
            kib = json.loads(line)["kib"]
            settled = kib if done == 100 else settled
            found.grown_kib = max(found.grown_kib, kib - settled if done > 100 else 0)
            if report_every and (at + done + 1) % report_every == 0:
                print(f"{at + done + 1}: {dict(found.outcomes)}, {found.grown_kib} KiB grown", flush=True)
    return len(seeds)


def _note(answer: dict[str, object], seed: int, found: Found) -> None:
    found.outcomes[str(answer["outcome"])] += 1
    found.handles = max(found.handles, int(str(answer["handles"])))
    if answer["left"]:
        found.left.append(seed)
    if answer["unforeseen"]:
        found.unforeseen.append((seed, str(answer["unforeseen"])))


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--child"]:
        child([Path(path) for path in arguments[1:]])
        return
    began = time.monotonic()
    first, count = (int(arguments[1]) if len(arguments) > 1 else 0), int(arguments[0])
    with TemporaryDirectory() as folder:
        found = fuzz(range(first, first + count), Path(folder), report_every=500)
    print(f"{count} files in {time.monotonic() - began:.0f} s: {dict(found.outcomes.most_common())}")
    print(f"crashed: {found.crashed}\nhung: {found.hung}\nleft something: {found.left}\nunforeseen: {found.unforeseen}")
    print(f"memory grown by at most {found.grown_kib} KiB in a child, at most {found.handles} open files")


if __name__ == "__main__":
    main(sys.argv[1:])
