"""Rendering the demo catalogue to files: each film once, in its own process, never half."""

from __future__ import annotations

import fcntl
import hashlib
import json
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from importlib import resources
from multiprocessing import connection
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import numpy as np
import srt  # type: ignore[import-untyped]
from PIL import Image

from groundswell.demo.films.catalogue import BY_SLUG, FILMS
from groundswell.demo.films.encode import write_mp4
from groundswell.demo.films.film import US, DialogueLine, Film
from groundswell.demo.films.posters import key_art
from groundswell.demo.films.score import compose
from groundswell.demo.films.stage import FPS, HEIGHT, WIDTH, Finish, Frame

Progress = Callable[[float], None]  # hears a share, 0..1


@dataclass(frozen=True)
class RenderedFilm:
    """A film's files: MP4 (1280 × 720), SRT (UTF-8), tall key art (800 × 1200 JPEG), a still (1280 × 720 JPEG)."""

    video: Path
    subtitles: Path
    poster: Path
    backdrop: Path

    def files(self) -> tuple[Path, ...]:
        return self.video, self.subtitles, self.poster, self.backdrop


@dataclass(frozen=True)
class RenderSpan:
    """How much of a film to render, and how large: all of it at full size unless said otherwise. Of ``held`` frames
    one is painted, and shown in the place of all of them."""

    seconds: float | None = None
    size: tuple[int, int] = (WIDTH, HEIGHT)
    held: int = 1


WHOLE = RenderSpan()
QUICK = RenderSpan(size=(WIDTH // 2, HEIGHT // 2), held=8)
"""Three pictures a second, half as wide: the films jerk, and are there in a fraction of the time."""


def frames(film: Film, wanted: Iterable[int] | None = None) -> Iterator[Frame]:
    """Paint a film's frames, all or those numbered in ``wanted`` (ascending): uint8 (720, 1280, 3), the array reused.

    Each shot is prepared once, when its first frame is asked for. IndexError for a frame the film has not.
    """
    canvas, finish = np.zeros((HEIGHT, WIDTH, 3), np.uint8), Finish(film.seed)
    starts = (0, *film.cuts, film.frame_count)
    number, paint = -1, None
    for index in range(film.frame_count) if wanted is None else wanted:
        if not starts[max(number, 0)] <= index < film.frame_count:
            raise IndexError(f"{film.slug} has no frame {index} here")
        if paint is None or index >= starts[number + 1]:
            number = bisect_right(starts, index) - 1
            paint = film.shots[number].build(np.random.default_rng([film.seed, number]))
        paint(canvas, (index - starts[number]) / FPS)
        finish.apply(canvas, index)
        yield canvas


def render_film(
    film: Film, folder: Path, on_progress: Progress | None = None, span: RenderSpan = WHOLE
) -> RenderedFilm:
    """Render ``film`` into ``folder``, unless this version of it is there already.

    Everything is written to a temporary folder beside and moved into place, the stamp that says "complete" last:
    a rendering that was killed is done again, never taken for finished. Of several at once, one renders and the
    others wait for it.
    """
    if not is_rendered(film, folder, span):
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f".{film.slug}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not is_rendered(film, folder, span):
                _render(film, folder, on_progress, span)
    _report(on_progress, 1.0)
    return paths(film, folder)


def _render(film: Film, folder: Path, on_progress: Progress | None, span: RenderSpan) -> None:
    stamp, rendered = folder / f".{film.slug}.version", paths(film, folder)
    stamp.unlink(missing_ok=True)
    for remains in folder.glob(f".{film.slug}-*"):  # of renderings that were killed: this one holds the lock
        shutil.rmtree(remains, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f".{film.slug}-", dir=folder) as scratch:
        draft = paths(film, Path(scratch))
        _write(film, draft, span, on_progress)
        for made, place in zip(draft.files(), rendered.files(), strict=True):
            made.replace(place)
        sizes = {path.name: path.stat().st_size for path in rendered.files()}
        note = Path(scratch) / "version"
        note.write_text(json.dumps({"version": _version(film, span), "sizes": sizes}))
        note.replace(stamp)


def render_all(folder: Path, on_progress: Progress | None = None, span: RenderSpan = WHOLE) -> dict[str, RenderedFilm]:
    """Render the whole catalogue, a process a film; returns the files by slug. At once when nothing is missing."""
    missing = [film for film in FILMS if not is_rendered(film, folder, span)]
    if missing:
        context = multiprocessing.get_context("spawn")
        shares = [context.Value("d", 0.0) for _ in missing]
        until_closed, ours = context.Pipe(duplex=False)
        with ProcessPoolExecutor(len(missing), context, _adopt, (shares, until_closed)) as pool:
            jobs = [pool.submit(_render_one, k, film.slug, folder, span) for k, film in enumerate(missing)]
            try:
                _watch(jobs, shares, on_progress)
            except BaseException:
                ours.close()  # whoever still draws leaves: an interrupted start ends at once
                raise
    _report(on_progress, 1.0)
    return {film.slug: paths(film, folder) for film in FILMS}


def is_rendered(film: Film, folder: Path, span: RenderSpan = WHOLE) -> bool:
    """Whether ``folder`` holds all of this version of ``film``, each file as long as when it was finished."""
    try:
        note = json.loads((folder / f".{film.slug}.version").read_text())
        whole = all(path.stat().st_size == note["sizes"][path.name] for path in paths(film, folder).files())
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return whole and bool(note["version"] == _version(film, span))


def paths(film: Film, folder: Path) -> RenderedFilm:
    """Where a film's files are, or will be."""
    return RenderedFilm(
        video=folder / f"{film.slug}.mp4",
        subtitles=folder / f"{film.slug}.{film.language}.srt",
        poster=folder / f"{film.slug}-poster.jpg",
        backdrop=folder / f"{film.slug}-backdrop.jpg",
    )


def to_srt(lines: Sequence[DialogueLine]) -> str:
    """Lines as an SRT file's text."""
    cues = [
        srt.Subtitle(n, timedelta(microseconds=line.start_us), timedelta(microseconds=line.end_us), line.text)
        for n, line in enumerate(lines, 1)
    ]
    return str(srt.compose(cues))


def _write(film: Film, draft: RenderedFilm, span: RenderSpan, on_progress: Progress | None) -> None:
    count = film.frame_count if span.seconds is None else min(film.frame_count, round(span.seconds * FPS))
    sound = compose(film, count / FPS)
    _report(on_progress, 0.05)

    def on_frame(done: int) -> None:
        if done % FPS == 0:
            _report(on_progress, 0.05 + 0.93 * done / count)

    painted = range(0, count, span.held)
    held = (min(span.held, count - at) for at in painted)
    write_mp4(draft.video, frames(film, painted), sound, span.size, held, on_frame)
    until = count * US // FPS
    lines = [line._replace(end_us=min(line.end_us, until)) for line in film.lines if line.start_us < until]
    draft.subtitles.write_text(to_srt(lines), "utf-8")
    key_art(film).save(draft.poster, quality=90, optimize=True)
    still = film.still_us * FPS // US
    Image.fromarray(next(frames(film, [still]))).save(draft.backdrop, quality=90)


@lru_cache(maxsize=1)
def _source_digest() -> str:
    """A digest of this package's own code and dialogue: a changed drawing is a new version."""
    digest = hashlib.sha256()
    package = resources.files(__package__)
    for entry in sorted([*package.iterdir(), *package.joinpath("dialogue").iterdir()], key=lambda e: e.name):
        if entry.name.endswith((".py", ".srt")):
            digest.update(entry.name.encode() + entry.read_bytes())
    return digest.hexdigest()[:20]


def _version(film: Film, span: RenderSpan) -> str:
    return f"{film.slug} {_source_digest()} {span.seconds} {span.size[0]}x{span.size[1]} {span.held}"


_shares: list[Synchronized[float]] = []


def _adopt(shares: list[Synchronized[float]], until_closed: connection.Connection) -> None:
    """A worker's beginning: take the shares over, and never outlive the work or the one who asked for it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is heard by whoever asked
    _shares[:] = shares
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_leave_with, args=(parent.sentinel, until_closed), daemon=True).start()


def _leave_with(*ends: connection.Connection | int) -> None:
    connection.wait(ends)
    os._exit(1)


def _render_one(number: int, slug: str, folder: Path, span: RenderSpan) -> None:
    def report(share: float) -> None:
        _shares[number].value = share

    render_film(BY_SLUG[slug], folder, report, span)


def _watch(jobs: list[Future[None]], shares: list[Synchronized[float]], on_progress: Progress | None) -> None:
    """Pass the mean share on until all are done; the first failure is raised."""
    waiting, told = set(jobs), time.monotonic()
    while waiting:
        done, waiting = wait(waiting, timeout=0.25)
        for job in done:
            job.result()
        if time.monotonic() - told > 0.2:
            told = time.monotonic()
            _report(on_progress, sum(share.value for share in shares) / len(shares))


def _report(on_progress: Progress | None, share: float) -> None:
    if on_progress is not None:
        on_progress(min(1.0, share))
