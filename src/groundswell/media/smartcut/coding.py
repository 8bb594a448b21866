"""How a track's pictures are coded: what newly encoded ones must be like to stand beside them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from av.video.frame import VideoFrame

from groundswell.media.reading.probe import colour_of
from groundswell.media.reading.source import OpenSource
from groundswell.media.title import Colour, TitleIndex

USUAL_RATE = Fraction(30)


@dataclass(frozen=True)
class Coding:
    """``record`` is the codec's own: ``avcC``, ``hvcC``, or Annex B parameter sets. ``tick`` in seconds."""

    record: bytes
    tick: Fraction
    rate: Fraction
    width: int
    height: int
    pixel_format: str
    interlaced: bool
    sample_aspect: Fraction
    colour: Colour

    @classmethod
    def of_title(cls, title: OpenSource, index: TitleIndex) -> Coding:
        video = index.video
        return cls(
            bytes(title.video.codec_context.extradata or b""),
            title.tick,
            _sane(video.frame_rate),
            video.coded_width,
            video.coded_height,
            video.pixel_format,
            video.interlaced,
            video.sample_aspect,
            video.colour,
        )

    @classmethod
    def of_frame(
        cls, record: bytes, tick: Fraction, rate: Fraction | None, aspect: Fraction | None, frame: VideoFrame
    ) -> Coding:
        """Of a track known by a picture of it."""
        return cls(
            record,
            tick,
            _sane(rate),
            frame.width,
            frame.height,
            frame.format.name,
            bool(frame.interlaced_frame),
            aspect if aspect and aspect > 0 else Fraction(1),
            colour_of(frame),
        )

    def fits(self, frame: VideoFrame) -> bool:
        """Whether a picture has the track's size and pixel format."""
        return (frame.width, frame.height, frame.format.name) == (self.width, self.height, self.pixel_format)


def _sane(rate: Fraction | None) -> Fraction:
    return rate if rate is not None and 1 <= rate <= 300 else USUAL_RATE
