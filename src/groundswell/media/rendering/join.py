"""Join clips into one: each decoded, fitted into one shape, and encoded one after the other with its sound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from av.container import OutputContainer

from groundswell.media.audio.samples import Samples, SoundShape, encode_exact, exact_samples, silent_samples
from groundswell.media.audio.sound import AudioSpan, choose_track
from groundswell.media.end_card_text import CARD_US, EndCard
from groundswell.media.errors import MediaError
from groundswell.media.output.check import Seam, check_clip
from groundswell.media.output.grid import Grid, grid_of, rates_of
from groundswell.media.output.mux import interleave, lay_out, mp4, new_file
from groundswell.media.profiles import Profile
from groundswell.media.reading.frames import decode_between
from groundswell.media.reading.probe import index_of
from groundswell.media.reading.source import OpenSource, open_source
from groundswell.media.request import Progress
from groundswell.media.times import SECOND_US, to_us

from .encoder import Encoder, Quality
from .end_card import card_frame
from .picture import Pictures
from .renderer import CLOSE, FASTEST

if TYPE_CHECKING:
    from av.container.core import Chapter

JOINED = Profile("joined", "1280×720, whatever the parts are.", (1280, 720), "fit", crf=20, most_rate=4_000_000)
TICK = Fraction(1, 90_000)
CARD_RATE = 30
SOUND = SoundShape(48_000, "stereo")


@dataclass(frozen=True)
class JoinPart:
    """A clip to be joined, and the name of its chapter."""

    path: str
    name: str


@dataclass(frozen=True)
class JoinResult:
    """What was made. ``begins_us`` is where each part begins; ``duration_us`` holds the end card of ``card_us`` too."""

    begins_us: tuple[int, ...]
    duration_us: int
    card_us: int
    frames: int
    size_bytes: int


@dataclass(frozen=True)
class _Laid:
    """A part in the joined clip: where its sound lies in its own file (None: it has none), and when it ends there, in
    seconds."""

    path: str
    heard: AudioSpan | None
    end: Fraction


@dataclass
class _Film:
    """The pictures of the joined clip so far, ``TICK`` by ``TICK``."""

    output: OutputContainer
    encoder: Encoder | None = None
    times: list[int] = field(default_factory=list)
    begins: list[int] = field(default_factory=list)
    end: int = 0

    def add(self, part: JoinPart, threads: int) -> _Laid:
        """Put a clip at the end, each of its pictures for as long as there.

        Raises:
            MediaError: it has none, or cannot be read.
        """
        with open_source(part.path) as title:
            index = index_of(title, keyframes=False)
            seen = self._pictures(title, threads)
            grid = grid_of(seen, title.tick, rates_of(title, index), Fraction(seen[-1]), None)
            self.begins.append(self.end)
            self.times += [self.end + round(at * grid.tick / TICK) for at in grid.times]
            self.end += max(round(grid.duration * grid.tick / TICK), 1)
            begin = seen[0] * title.tick
            heard = AudioSpan(begin, begin + grid.duration * grid.tick)
            return _Laid(part.path, heard if choose_track(title, None) is not None else None, self.end * TICK)

    def _pictures(self, title: OpenSource, threads: int) -> list[int]:
        pictures: Pictures | None = None
        seen: list[int] = []
        for pts, frame in decode_between(title, title.pts(0), None):
            if seen and (pts - seen[-1]) * title.tick < CLOSE / FASTEST:
                continue
            if pictures is None:
                pictures = Pictures(frame, title.video.sample_aspect_ratio, JOINED)
            if self.encoder is None:
                quality = Quality(crf=JOINED.crf, most_rate=JOINED.most_rate)
                self.encoder = Encoder.open(self.output, pictures.shape, TICK, Fraction(30), quality, threads)
            seen.append(pts)
            for at, made in pictures.take(pts, frame):
                self.encoder.add(made, self._provisional(title, seen[0], at))
        if pictures is None or self.encoder is None:
            raise MediaError("no_frames")
        for at, made in pictures.finish():
            self.encoder.add(made, self._provisional(title, seen[0], at))
        return seen

    def _provisional(self, title: OpenSource, first: int, pts: int) -> int:
        """When a picture is shown, for the encoder; ``lay_out`` has the last word."""
        return self.end + round((pts - first) * title.tick / TICK)

    def close(self, card: EndCard | None) -> Grid:
        """The card, if there is one, and the times of all pictures."""
        if card is not None and self.encoder is not None:
            step, size = round(1 / TICK / CARD_RATE), JOINED.size or (0, 0)
            shown = card_frame(card, *size)
            for n in range(CARD_US * CARD_RATE // SECOND_US):
                self.encoder.add(shown, self.end + n * step)
                self.times.append(self.end + n * step)
            self.end += CARD_US * CARD_RATE // SECOND_US * step
        return Grid(TICK, tuple(self.times), self.end, steady=False)


def join(
    parts: Sequence[JoinPart],
    destination: str | Path,
    *,
    card: EndCard | None = None,
    threads: int = 0,
    on_progress: Progress | None = None,
) -> JoinResult:
    """Join clips into an MP4 at ``destination``: 1280×720 H.264 and stereo AAC at 48 kHz, whatever they are, with a
    chapter for each, and ``card`` for two seconds at the end.

    Every picture is shown for as long as in its own clip; a clip without sound is silent. It is checked before it
    appears at ``destination``; until then, and after a failure, there is nothing there.

    Raises `MediaError`: the reading reasons of `probe`, and ``no_frames``, ``disk_full``, ``cannot_write``,
    ``check_failed``.
    """
    if not parts:
        raise MediaError("no_frames", "There is nothing to join.")
    with new_file(Path(destination)) as path:
        with mp4(path) as output:
            film, laid = _Film(output), list[_Laid]()
            for number, part in enumerate(parts, 1):
                laid.append(film.add(part, threads))
                if on_progress is not None:
                    on_progress(0.95 * number / len(parts))
            filmed = film.end
            grid = film.close(card)
            assert film.encoder is not None
            packets = film.encoder.finish()
            lay_out(packets, grid, film.encoder.stream)
            sounds = any(each.heard for each in laid)
            sound = encode_exact(output, _samples(laid, grid.duration * TICK), SOUND) if sounds else []
            output.set_chapters(_chapters(parts, [*film.begins, filmed]))
            interleave(output, packets, sound, timescale=grid.timescale)
        heard = grid.duration * TICK if sounds else None
        check_clip(path, grid, seams=[Seam(n, n) for n in (0, len(grid.times) - 1)], audio_until=heard)
        begins = tuple(to_us(begin * TICK) for begin in film.begins)
        after = to_us((grid.duration - filmed) * TICK)
        return JoinResult(begins, to_us(grid.duration * TICK), after, len(grid.times), path.stat().st_size)


def _samples(laid: Sequence[_Laid], end: Fraction) -> Iterator[Samples]:
    """The sound of all parts, each from where its pictures begin, and silence where there is none."""
    done = 0
    for part in laid:
        if part.heard is not None:
            with open_source(part.path) as title:
                stream = choose_track(title, None)
                assert stream is not None
                for block in exact_samples(title, stream, part.heard, SOUND.rate, SOUND.layout):
                    done += block.shape[1]
                    yield block
        missing = round(part.end * SOUND.rate) - done
        yield from silent_samples(missing, SOUND.rate, SOUND.layout)
        done += max(0, missing)
    yield from silent_samples(round(end * SOUND.rate) - done, SOUND.rate, SOUND.layout)


def _chapters(parts: Sequence[JoinPart], edges: Sequence[int]) -> list[Chapter]:
    return [
        {"id": n, "start": begin, "end": end, "time_base": TICK, "metadata": {"title": part.name}}
        for n, (part, (begin, end)) in enumerate(zip(parts, pairwise(edges), strict=True))
    ]
