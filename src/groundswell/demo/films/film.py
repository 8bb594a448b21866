"""What a film is made of: its data sheet, its shots, its lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from importlib import resources
from typing import Literal, NamedTuple

import srt  # type: ignore[import-untyped]

from groundswell.demo.films.paint import Random
from groundswell.demo.films.stage import FPS, Paint

US = 1_000_000


class DialogueLine(NamedTuple):
    """One subtitle cue."""

    start_us: int
    end_us: int
    text: str


class FilmShot(NamedTuple):
    """A span between two cuts: a name, its length in frames, and what prepares its painter."""

    name: str
    frames: int
    build: Callable[[Random], Paint]


@dataclass(frozen=True)
class Film:
    """A film or an episode of the demo catalogue. ``series``, ``season`` and ``episode`` belong to episodes only.

    ``rating`` is an age rating as printed, ``territories`` are ISO 3166 codes, ``accent`` is ``#rrggbb``.
    """

    slug: str
    name: str
    synopsis: str
    tagline: str
    kind: Literal["film", "episode"]
    year: int
    rating: str
    genres: tuple[str, ...]
    cast: tuple[tuple[str, str], ...]  # (character, name)
    territories: tuple[str, ...]
    accent: str
    seed: int
    shots: tuple[FilmShot, ...]
    lines: tuple[DialogueLine, ...]
    still_us: int  # the frame its backdrop is taken from
    series: str | None = None
    season: int | None = None
    episode: int | None = None
    language: str = "en"

    @property
    def frame_count(self) -> int:
        return sum(shot.frames for shot in self.shots)

    @property
    def duration_us(self) -> int:
        return self.frame_count * US // FPS

    @property
    def cuts(self) -> tuple[int, ...]:
        """The first frame of every shot but the first."""
        starts = [0]
        for shot in self.shots:
            starts.append(starts[-1] + shot.frames)
        return tuple(starts[1:-1])

    def shot_span(self, name: str) -> tuple[float, float]:
        """(start, end) in seconds of the shot called ``name``; KeyError when there is none."""
        start = 0
        for shot in self.shots:
            if shot.name == name:
                return start / FPS, (start + shot.frames) / FPS
            start += shot.frames
        raise KeyError(name)


def read_lines(slug: str, language: str = "en") -> tuple[DialogueLine, ...]:
    """A film's dialogue from the package's SRT files."""
    text = resources.files(__package__).joinpath("dialogue", f"{slug}.{language}.srt").read_text("utf-8")
    return tuple(DialogueLine(_us(cue.start), _us(cue.end), cue.content) for cue in srt.parse(text))


def _us(delta: timedelta) -> int:
    return delta // timedelta(microseconds=1)


def seconds(name: str, length: float, build: Callable[[Random], Paint]) -> FilmShot:
    """A shot ``length`` seconds long, to the frame."""
    return FilmShot(name, round(length * FPS), build)
