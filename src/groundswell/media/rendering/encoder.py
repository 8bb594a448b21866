"""Encode pictures, as H.264 that every player takes, or HEVC Main 10 where the title is HDR."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from .picture import PictureShape

USUAL_CTU = 32
"""The side of x265's coding tree units: smaller pictures go to x264."""
NEVER_REACHED = 20_000_000
"""Bits a second that are never needed: a bound beyond them only costs the quality of the card."""


@dataclass(frozen=True)
class Quality:
    """x264/x265 ``crf`` (lower is better) and preset; ``most_rate`` is the most bits a second that may come of it, over
    any second but the first."""

    crf: int = 18
    preset: str = "veryfast"
    most_rate: int | None = None


@dataclass
class Encoder:
    """A video track being encoded. Frames go in with strictly increasing integer times; `finish` gives packets."""

    stream: VideoStream
    tick: Fraction
    packets: list[Packet[VideoStream]] = field(default_factory=list)

    @classmethod
    def open(
        cls,
        output: OutputContainer,
        shape: PictureShape,
        tick: Fraction,
        rate: Fraction,
        quality: Quality,
        threads: int = 0,
    ) -> Encoder:
        hdr = shape.pixel_format == "yuv420p10le"
        hevc = hdr and min(shape.width, shape.height) >= USUAL_CTU
        rate = rate if 1 <= rate <= 300 else Fraction(30)
        options = _options(hdr, hevc, shape, quality, rate)
        stream = output.add_stream("libx265" if hevc else "libx264", rate=rate, options=options)
        assert isinstance(stream, VideoStream)
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = shape.width, shape.height, shape.pixel_format
        context.time_base = tick
        context.thread_count = threads
        context.sample_aspect_ratio = shape.sample_aspect
        context.color_primaries, context.color_trc = shape.colour.primaries, shape.colour.transfer
        context.colorspace = shape.colour.matrix
        context.color_range = 2 if shape.colour.full_range else 1
        if hevc:
            context.codec_tag = "hvc1"
        if shape.orientation.matrix is not None:
            stream.set_display_matrix(shape.orientation.matrix)
        return cls(stream, tick)

    def add(self, frame: VideoFrame, at: int) -> None:
        frame.pts = at
        frame.time_base = self.tick
        frame.pict_type = 0
        self.packets += self.stream.codec_context.encode(frame)

    def finish(self) -> list[Packet[VideoStream]]:
        self.packets += self.stream.codec_context.encode(None)
        return self.packets


def _options(hdr: bool, hevc: bool, shape: PictureShape, quality: Quality, rate: Fraction) -> dict[str, str]:
    options = {"preset": quality.preset, "crf": str(quality.crf), "g": str(max(1, round(rate * 2)))}
    if hevc:
        options["preset"] = "ultrafast"  # x265 at the same preset name costs many times what x264 does
        options["x265-params"] = "log-level=error:open-gop=0" + shape.hdr10
    else:
        options["profile"] = "high10" if hdr else "high"
        if quality.most_rate is not None and quality.most_rate < NEVER_REACHED:
            options |= {"maxrate": str(quality.most_rate), "bufsize": str(quality.most_rate)}
        if shape.interlaced:
            options["x264-params"] = "tff=1"
    return options
