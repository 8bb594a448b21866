"""The title index: what is known of a title once it has been probed. Plain data, stored as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

from .timeline import Timeline

if TYPE_CHECKING:
    from pydantic import TypeAdapter


@dataclass(frozen=True)
class Colour:
    """Numbers of ITU-T H.273; 2 says unspecified. ``full_range`` is PC range, else TV range."""

    primaries: int
    transfer: int
    matrix: int
    full_range: bool

    @property
    def is_hdr(self) -> bool:
        """PQ (16) or HLG (18)."""
        return self.transfer in (16, 18)


@dataclass(frozen=True)
class VideoTrack:
    """The picture. Keyframe times come from the container's own index where it has one, else they are empty."""

    codec: str
    profile: str | None
    coded_width: int
    coded_height: int
    display_width: int
    display_height: int
    rotation: int
    """Degrees clockwise that a player turns the coded picture: 0, 90, 180 or 270."""
    mirrored: bool
    display_matrix: tuple[int, ...] | None
    sample_aspect: Fraction
    pixel_format: str
    bit_depth: int
    interlaced: bool
    colour: Colour
    frame_rate: Fraction | None
    is_vfr: bool
    time_base: Fraction
    start_us: int
    frame_count: int | None
    keyframes_us: tuple[int, ...]
    language: str | None


@dataclass(frozen=True)
class AudioTrack:
    """``index`` counts the audio tracks from 0: what ``cut(audio_track=…)`` takes."""

    index: int
    codec: str
    profile: str | None
    language: str | None
    title: str | None
    channels: int
    sample_rate: int
    default: bool
    start_us: int


@dataclass(frozen=True)
class SubtitleTrack:
    index: int
    codec: str
    language: str | None
    title: str | None
    default: bool
    forced: bool


@dataclass(frozen=True)
class TitleIndex:
    """A title as probed. Times are microseconds on its presentation timeline, which begins at 0."""

    container: str
    size_bytes: int
    duration_us: int
    origin: Fraction
    """Seconds of the container's own clock at which the presentation timeline begins."""
    edit_list: bool
    fragmented: bool
    video: VideoTrack
    audio: tuple[AudioTrack, ...]
    subtitles: tuple[SubtitleTrack, ...]
    timeline: Timeline | None = None
    """Its pieces; None in an index of before there were any."""

    def to_json(self) -> str:
        return _adapter().dump_json(self).decode()

    def to_document(self) -> dict[str, Any]:
        """What JSON can hold."""
        document: dict[str, Any] = _adapter().dump_python(self, mode="json")
        return document

    @classmethod
    def from_json(cls, text: str | bytes) -> TitleIndex:
        return _adapter().validate_json(text)

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> TitleIndex:
        """Raises pydantic's ``ValidationError`` for what is no index."""
        return _adapter().validate_python(document)


@cache
def _adapter() -> TypeAdapter[TitleIndex]:
    from pydantic import TypeAdapter  # a cut needs no JSON, and loading this takes longer than reading the title

    return TypeAdapter(TitleIndex)
