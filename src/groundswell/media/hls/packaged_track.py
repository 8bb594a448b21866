"""A stretch of a packaged track: its samples, read one by one out of the fragments that hold them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from statistics import median
from typing import BinaryIO, cast

from av.codec import CodecContext
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from groundswell.media.errors import MediaError
from groundswell.media.isobmff.init_segment import InitSegment
from groundswell.media.output.grid import HELD
from groundswell.media.reading.packets import CannotCopy
from groundswell.media.times import SECOND_US, to_us

from .byte_ranges import read_sample
from .fragments import Coded, coded_fragments

CODECS = {"avc1": "h264", "hvc1": "hevc"}


class TrackStretch:
    """The fragments that hold a clip, from the one to decode first on, their samples numbered in decoding order."""

    def __init__(self, file: BinaryIO, init: InitSegment, fragments: list[Coded], wanted: list[int], stop: int) -> None:
        self.init, self.fragments, self.wanted, self.stop = init, fragments, wanted, stop
        self.tick = Fraction(1, init.timescale)
        self.samples = [s for f in fragments for s in f.samples]
        self._file = file
        self._read: dict[int, Packet[VideoStream]] = {}

    @classmethod
    def read(
        cls,
        file: BinaryIO,
        init: InitSegment,
        ranges: list[tuple[int, int]],
        lead: Fraction,
        start_us: int,
        end_us: int,
    ) -> TrackStretch:
        tick = Fraction(1, init.timescale)
        fragments = list(coded_fragments(file, init, ranges))
        pts = sorted(s.pts for f in fragments for s in f.samples)
        wanted = [p for p in pts if start_us <= to_us(p * tick - lead) < end_us]
        if not wanted:
            raise MediaError("no_frames")
        if len(set(wanted)) != len(wanted):
            raise CannotCopy("doubled_times")
        begins = [n for n, f in enumerate(fragments) if f.samples[0].sync and f.samples[0].pts <= wanted[0]]
        if not begins:
            raise CannotCopy("no_keyframe")
        end = (Fraction(end_us, SECOND_US) + lead) / tick
        held = [f for f in fragments[begins[-1] :] if f.first_shown <= wanted[-1]]
        last = fragments[-1].samples[-1]
        return cls(file, init, held, wanted, _stop(pts, wanted, end, last.dts + last.duration))

    def packet(self, number: int) -> Packet[VideoStream]:
        """A sample as a packet."""
        if number not in self._read:
            sample = self.samples[number]
            packet = cast("Packet[VideoStream]", Packet(read_sample(self._file, sample)))
            packet.pts, packet.dts, packet.time_base = sample.pts, sample.dts, self.tick
            packet.is_keyframe = sample.sync
            self._read[number] = packet
        return self._read[number]

    def numbers(self) -> Iterator[tuple[Coded, range]]:
        """Every fragment with the numbers of its samples."""
        at = 0
        for fragment in self.fragments:
            yield fragment, range(at, at + len(fragment.samples))
            at += len(fragment.samples)

    def bytes_of(self, fragment: Coded) -> bytes:
        self._file.seek(fragment.offset)
        return self._file.read(fragment.size)

    def holding(self, pts: int) -> Coded:
        """The fragment that holds the picture shown at ``pts``."""
        return next(f for f in self.fragments if any(s.pts == pts for s in f.samples))

    def first_picture(self) -> tuple[VideoFrame, Fraction | None]:
        """The first picture that decodes, and the aspect of its samples."""
        decoder = self._decoder()
        for number in range(len(self.samples)):
            for frame in decoder.decode(self.packet(number)):
                return frame, decoder.sample_aspect_ratio
        for frame in decoder.decode(None):
            return frame, decoder.sample_aspect_ratio
        raise CannotCopy("frames_do_not_decode")

    def decode(self, first: int) -> Iterator[tuple[int, VideoFrame]]:
        """Pictures as they are shown, with their pts, decoding from the fragment that begins with sample ``first``."""
        decoder = self._decoder()
        decoder.thread_type = "AUTO"
        for number in range(first, len(self.samples)):
            for frame in decoder.decode(self.packet(number)):
                yield frame.pts or 0, frame
        for frame in decoder.decode(None):
            yield frame.pts or 0, frame

    def _decoder(self) -> VideoCodecContext:
        decoder = CodecContext.create(CODECS[self.init.entry], "r")
        assert isinstance(decoder, VideoCodecContext)
        decoder.extradata = self.init.record
        return decoder


def _stop(pts: list[int], wanted: list[int], end: Fraction, read: int) -> int:
    """Until when the last frame is shown: until the next, or until the end where that is much later. What was ``read``
    ends when the frame after it is shown, or the title's last ends; that is decoding time, and may be a tick off."""
    usual = round(median(b - a for a, b in pairwise(pts))) if len(pts) > 1 else 1
    held = read if (read - wanted[-1]) > HELD * usual else wanted[-1] + usual
    following = next((p for p in pts if p > wanted[-1]), held)
    return min(following, max(round(end), wanted[-1] + max(1, usual)))
