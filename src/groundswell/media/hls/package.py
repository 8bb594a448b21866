"""What a packaged title is: one file a track, and where its segments lie in them.

Playlists point into the files by byte range, so that a clip of any length costs a few lines (RFC 8216; ISO 23000-19).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from groundswell.media.errors import MediaError
from groundswell.media.model import Frozen, Ratio
from groundswell.media.times import SECOND_US, to_us

from .fragments import Fragment

SEGMENT_US = 4 * SECOND_US


class Segment(Frozen):
    """A byte range of a track's file and when it is shown, in microseconds of the title's timeline."""

    offset: int
    size: int
    start_us: int
    duration_us: int

    @property
    def end_us(self) -> int:
        return self.start_us + self.duration_us


class PackagedTrack(Frozen):
    """One track's file. ``codecs`` is its RFC 6381 name; ``init_size`` how many bytes the init segment has."""

    kind: Literal["video", "audio"]
    file: str
    codecs: str
    init_size: int
    timescale: int
    segments: tuple[Segment, ...]
    bandwidth: int
    width: int = 0
    height: int = 0
    frame_rate: Ratio | None = None
    language: str | None = None
    name: str = ""
    channels: int = 0
    default: bool = False


class Package(Frozen):
    """A packaged title, stored as JSON beside its files."""

    lead: Ratio
    """Seconds by which media times in the files are later than times on the title's timeline: more than 0 only where
    pictures would have been shown before 0."""
    video: PackagedTrack
    audio: tuple[PackagedTrack, ...]

    def to_json(self) -> str:
        return self.model_dump_json()

    @classmethod
    def from_json(cls, text: str | bytes) -> Package:
        return cls.model_validate_json(text)


def segments_of(found: list[Fragment], tick: Fraction, lead: Fraction) -> tuple[Segment, ...]:
    """Fragments joined until a segment lasts long enough."""
    if not found:
        raise MediaError("cannot_package", "There is nothing to package.")
    begins = [max(0, to_us(f.time * tick - lead)) for f in found]
    ends = [*begins[1:], begins[-1] + to_us(found[-1].length * tick)]
    segments: list[Segment] = []
    n = 0
    while n < len(found):
        last = n
        while last + 1 < len(found) and ends[last] - begins[n] < SEGMENT_US * 3 // 4:
            last += 1
        size = found[last].offset + found[last].size - found[n].offset
        segments.append(
            Segment(offset=found[n].offset, size=size, start_us=begins[n], duration_us=max(1, ends[last] - begins[n]))
        )
        n = last + 1
    return tuple(segments)


def bandwidth_of(segments: tuple[Segment, ...]) -> int:
    """Peak bits a second over segments, as RFC 8216 wants."""
    return max(s.size * 8 * SECOND_US // s.duration_us for s in segments)
