"""Copy packets of a track and encode pictures that can stand beside them, all under one codec record."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import ClassVar, cast

from av.codec import CodecContext
from av.codec.context import Flags
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from groundswell.media.reading.packets import CannotCopy, Packets

from .coding import Coding
from .splice import Picture

FULL_RANGE, TV_RANGE = 2, 1
FEW = 48
"""So many frames are encoded by one thread: the bother of more costs a tenth of the work."""


class Copier(ABC):
    """The copying of one stretch of a title.

    First every packet of the stretch is taken (`take`), so that all parameter sets are known; then packets are
    copied (`copied`) and frames encoded (`encoded`); last, `record` holds the parameter sets of all.
    Raises `CannotCopy` wherever that cannot be done.
    """

    sample_entry: ClassVar[str]
    formats: ClassVar[frozenset[str]]
    encoder: ClassVar[str]

    def __init__(self, coding: Coding) -> None:
        self._coding = coding
        if coding.pixel_format not in self.formats:
            raise CannotCopy("pixel_format")

    @abstractmethod
    def take(self, packet: Packet[VideoStream]) -> Picture:
        """What the plan needs to know of a packet. Its parameter sets are noted."""

    @abstractmethod
    def copied(self, packet: Packet[VideoStream]) -> Packet[VideoStream]:
        """The packet as MP4 wants it: NAL units behind four-byte lengths, parameter sets only in the record."""

    @property
    @abstractmethod
    def record(self) -> bytes:
        """The ``avcC`` or ``hvcC`` that holds all parameter sets."""

    @abstractmethod
    def _options(self) -> dict[str, str]:
        """Options of the encoder."""

    @abstractmethod
    def _adopted(self, packets: Packets, record: bytes) -> Packets:
        """Newly encoded packets as they stand beside the title's; their parameter sets are noted."""

    def encoded(self, frames: Iterable[tuple[int, VideoFrame]], count: int) -> Packets:
        """``count`` frames (with their pts) as packets in the same order, under parameter sets of their own."""
        encoder: VideoCodecContext | None = None
        packets: Packets = []
        for pts, frame in frames:
            if not self._coding.fits(frame):
                raise CannotCopy("changing_picture")
            encoder = encoder or self._opened(count)
            frame.pts, frame.time_base, frame.pict_type = pts, self._coding.tick, 0
            packets += encoder.encode(frame)
        if encoder is None:
            return []
        packets += encoder.encode(None)
        return self._adopted(packets, bytes(encoder.extradata or b""))

    def _opened(self, count: int) -> VideoCodecContext:
        coding = self._coding
        encoder = CodecContext.create(self.encoder, "w")
        assert isinstance(encoder, VideoCodecContext)
        encoder.width, encoder.height, encoder.pix_fmt = coding.width, coding.height, coding.pixel_format
        encoder.time_base, encoder.framerate = coding.tick, coding.rate
        encoder.sample_aspect_ratio = coding.sample_aspect
        colour = coding.colour
        encoder.color_primaries, encoder.color_trc = colour.primaries, colour.transfer
        encoder.colorspace, encoder.color_range = colour.matrix, FULL_RANGE if colour.full_range else TV_RANGE
        encoder.max_b_frames = 0
        encoder.thread_count = 1 if count <= FEW else 0
        encoder.flags |= Flags.global_header
        encoder.options = self._options()
        return encoder


def packet_of(data: bytes, like: Packet[VideoStream]) -> Packet[VideoStream]:
    """A packet with other bytes and the times of another."""
    packet = cast("Packet[VideoStream]", Packet(data))
    packet.pts, packet.dts, packet.time_base = like.pts, like.dts, like.time_base
    packet.is_keyframe = like.is_keyframe
    return packet


def with_pts(frames: Iterable[tuple[int, VideoFrame]], wanted: tuple[int, ...]) -> Iterator[tuple[int, VideoFrame]]:
    """Just the wanted frames; raises `CannotCopy` when one of them does not come."""
    left = list(wanted)
    for pts, frame in frames:
        if pts > left[0]:
            break
        if pts == left[0]:
            left.pop(0)
            yield pts, frame
        if not left:
            break
    if left:
        raise CannotCopy("frames_do_not_decode")
