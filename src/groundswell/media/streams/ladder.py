"""What a stream is: where its segments are and when they are shown. Plain data, stored as JSON.

Segments lie on *runs*: stretches of one clock, between discontinuities of a playlist or within a period of a manifest.
Times of the title are a run's own times plus the shift of that run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Literal

from groundswell.media.errors import MediaError
from groundswell.media.model import Frozen, Ratio

MOST_SEGMENTS = 100_000
MOST_RATE = 1_000


class StreamRange(Frozen):
    """Bytes at an address: all of them where ``size`` is None."""

    url: str
    offset: int = 0
    size: int | None = None


class StreamSegment(StreamRange):
    """One segment, shown ``[start_us, end_us)`` of the title as its playlist says. ``init`` is the number of the init
    segment that it needs; a ``gap`` has no media."""

    start_us: int
    duration_us: int
    run: int = 0
    init: int | None = None
    gap: bool = False

    @property
    def end_us(self) -> int:
        return self.start_us + self.duration_us


class StreamTrack(Frozen):
    """One rendition. A transport stream's picture brings its sound along. ``shifts``: seconds to add to the times in
    the segments of each run."""

    name: str
    kind: Literal["video", "audio"]
    codecs: str = ""
    bandwidth: int = 0
    width: int = 0
    height: int = 0
    frame_rate: Ratio | None = None
    language: str | None = None
    label: str = ""
    channels: int = 0
    default: bool = False
    inits: tuple[StreamRange, ...] = ()
    segments: tuple[StreamSegment, ...]
    shifts: tuple[Ratio, ...] = ()

    @property
    def fragmented(self) -> bool:
        """Whether its segments are fragmented MP4, not a transport stream."""
        return bool(self.inits)

    def covering(self, start_us: int, end_us: int) -> list[StreamSegment]:
        """The segments that hold ``[start_us, end_us)``; the last one where there are none."""
        found = [s for s in self.segments if s.start_us < end_us and s.end_us > start_us]
        return found or [self.segments[-1]]

    def runs(self) -> Iterator[tuple[int, list[StreamSegment]]]:
        """The segments of each run, gaps left out."""
        for run in dict.fromkeys(s.run for s in self.segments):
            yield run, [s for s in self.segments if s.run == run and not s.gap]


class SubtitleRendition(Frozen):
    """Subtitles in WebVTT, in one piece or in segments. ``shifts`` as of tracks."""

    language: str
    segments: tuple[StreamSegment, ...]


class Ladder(Frozen):
    """A stream with the one rung of picture that clips are cut from."""

    form: Literal["hls", "dash"]
    address: str
    duration_us: int
    video: StreamTrack
    audio: tuple[StreamTrack, ...] = ()
    subtitles: tuple[SubtitleRendition, ...] = ()
    timed: bool = True
    """Whether the picture's segments are shown when the playlist says. Where they are not, a clip is cut as exact as
    elsewhere, for that goes by the times in the media; but no playlist of the segments themselves begins with it."""

    @property
    def tracks(self) -> tuple[StreamTrack, ...]:
        return self.video, *self.audio


class Rung(Frozen):
    """A picture to choose from. ``at`` says where: for the reader that made it."""

    at: int
    bandwidth: int
    height: int
    codecs: str


COPIED = ("avc1", "avc3", "hvc1", "hev1")


def chosen(rungs: list[Rung], tallest: int) -> Rung:
    """The best rung that is not taller than ``tallest`` lines, else the least; those whose pictures can be copied
    first."""
    if not rungs:
        raise MediaError("no_video_stream", "The stream has no picture.")

    def fitness(rung: Rung) -> tuple[bool, bool, int, int]:
        fits = not rung.height or rung.height <= tallest
        copied = not rung.codecs or any(name in rung.codecs for name in COPIED)
        sign = 1 if fits else -1
        return copied, fits, sign * rung.height, sign * rung.bandwidth

    return max(rungs, key=fitness)


def checked(segments: list[StreamSegment]) -> tuple[StreamSegment, ...]:
    """Raises ``bad_playlist`` where there are none, or too many."""
    if not any(not s.gap for s in segments):
        raise MediaError("bad_playlist", "A playlist of the stream has no segments.")
    if len(segments) > MOST_SEGMENTS:
        raise MediaError("bad_playlist", f"A playlist of the stream has more than {MOST_SEGMENTS} segments.")
    return tuple(segments)


_RATE = re.compile(r"\d{1,7}(?:\.\d{1,12}|/[1-9]\d{0,6})?", re.ASCII)


def frame_rate(said: object) -> Fraction | None:
    """Pictures a second as a playlist or manifest says them, such as ``25``, ``29.97`` or ``30000/1001``; None where it
    says none. ``1e999999999`` is none either: it would take for ever to write down."""
    text = str(said).strip()
    rate = Fraction(text).limit_denominator(1001) if _RATE.fullmatch(text) else Fraction(0)
    return rate if 0 < rate <= MOST_RATE else None


def us_of(seconds: Fraction) -> int:
    return round(seconds * 1_000_000)
