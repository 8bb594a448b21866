"""The title index: what is known of a title once it has been probed. Plain data, stored as JSON."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

Ratio = Annotated[
    Fraction,
    BeforeValidator(lambda value: Fraction(value)),
    PlainSerializer(lambda value: f"{value.numerator}/{value.denominator}", return_type=str),
]


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Colour(Frozen):
    """Numbers of ITU-T H.273; 2 says unspecified. ``full_range`` is PC range, else TV range."""

    primaries: int
    transfer: int
    matrix: int
    full_range: bool

    @property
    def is_hdr(self) -> bool:
        """PQ (16) or HLG (18)."""
        return self.transfer in (16, 18)


class VideoTrack(Frozen):
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
    sample_aspect: Ratio
    pixel_format: str
    bit_depth: int
    interlaced: bool
    colour: Colour
    frame_rate: Ratio | None
    is_vfr: bool
    time_base: Ratio
    start_us: int
    frame_count: int | None
    keyframes_us: tuple[int, ...]
    language: str | None


class AudioTrack(Frozen):
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


class SubtitleTrack(Frozen):
    index: int
    codec: str
    language: str | None
    title: str | None
    default: bool
    forced: bool


class TitleIndex(Frozen):
    """A title as probed. Times are microseconds on its presentation timeline, which begins at 0."""

    container: str
    size_bytes: int
    duration_us: int
    origin: Ratio
    """Seconds of the container's own clock at which the presentation timeline begins."""
    edit_list: bool
    fragmented: bool
    video: VideoTrack
    audio: tuple[AudioTrack, ...]
    subtitles: tuple[SubtitleTrack, ...]

    def to_json(self) -> str:
        return self.model_dump_json()

    @classmethod
    def from_json(cls, text: str | bytes) -> TitleIndex:
        return cls.model_validate_json(text)
