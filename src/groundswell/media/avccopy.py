"""Smart cut for H.264: copy what can be copied, encode the rest so that both live under one avcC."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import cast

from av.codec import CodecContext
from av.codec.context import Flags
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from . import avc
from .avc import AvcConfig
from .gather import CannotCopy, Packets
from .source import Source
from .splice import Picture
from .title import TitleIndex

SAME_FORMATS = frozenset({"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuv420p10le", "yuv422p10le"})
PROFILES = {66: "baseline", 77: "main", 88: "main", 100: "high", 110: "high10", 122: "high422", 244: "high444"}
SEAM_CRF = 15


class AvcCopy:
    """The copying of one stretch of an H.264 title."""

    sample_entry = "avc1"

    def __init__(self, title: Source, index: TitleIndex, packets: Packets) -> None:
        self._title, self._index = title, index
        if index.video.interlaced:
            raise CannotCopy("interlaced")
        if index.video.pixel_format not in SAME_FORMATS:
            raise CannotCopy("pixel_format")
        try:
            self._config = AvcConfig.parse(bytes(title.video.codec_context.extradata or b""))
            self._used = {avc.sps_id(s) for s in self._config.sps} | {avc.pps_ids(p)[0] for p in self._config.pps}
            self._nals = [list(self._config.nals(bytes(p))) for p in packets]
            self._take_in_band_sets()
        except (ValueError, IndexError) as error:
            raise CannotCopy("unreadable_parameter_sets") from error
        if len(self._config.sps) > 28 or len(self._config.pps) > 250:
            raise CannotCopy("too_many_parameter_sets")

    def _take_in_band_sets(self) -> None:
        """Move parameter sets found in packets to the record. The same id with another content cannot be."""
        sps = {avc.sps_id(s): s for s in self._config.sps}
        pps = {avc.pps_ids(p)[0]: p for p in self._config.pps}
        added = AvcConfig(self._config.lead, 4, (), ())
        for nal in (n for nals in self._nals for n in nals):
            if avc.kind(nal) == avc.SPS:
                known = sps.setdefault(avc.sps_id(nal), nal)
            elif avc.kind(nal) == avc.PPS:
                known = pps.setdefault(avc.pps_ids(nal)[0], nal)
            else:
                continue
            if known != nal:
                raise CannotCopy("changing_parameter_sets")
        self._config = self._config.merged(AvcConfig(added.lead, 4, tuple(sps.values()), tuple(pps.values())))
        self._used = set(sps) | set(pps)

    def pictures(self, packets: Packets) -> list[Picture]:
        """What the plan needs to know: a picture is clean when it is an IDR picture."""
        return [
            Picture(p.pts or 0, any(avc.kind(n) == avc.IDR for n in nals), not p.is_discard)
            for p, nals in zip(packets, self._nals, strict=True)
        ]

    def copied(self, packets: Packets, chosen: Iterable[int]) -> Packets:
        """The packets as MP4 wants them: NAL units behind four-byte lengths, parameter sets only in the record."""
        done = []
        for number in chosen:
            packet, nals = packets[number], self._nals[number]
            as_it_is = not self._config.annexb and self._config.length_size == 4
            if as_it_is and not any(avc.kind(n) in avc.NOT_KEPT for n in nals):
                done.append(packet)
                continue
            done.append(packet_of(avc.with_lengths(n for n in nals if avc.kind(n) not in avc.NOT_KEPT), packet))
        return done

    def encoded(self, frames: Iterable[tuple[int, VideoFrame]]) -> Packets:
        """Frames (with their pts) as packets that follow the copied ones, under parameter sets of their own id."""
        encoder: VideoCodecContext | None = None
        packets: Packets = []
        for pts, frame in frames:
            if (frame.width, frame.height) != (self._index.video.coded_width, self._index.video.coded_height):
                raise CannotCopy("changing_picture")
            if frame.format.name != self._index.video.pixel_format:
                raise CannotCopy("changing_picture")
            encoder = encoder or self._encoder(frame)
            frame.pts, frame.time_base, frame.pict_type = pts, self._title.tick, 0
            packets += encoder.encode(frame)
        if encoder is None:
            return []
        packets += encoder.encode(None)
        self._config = self._config.merged(AvcConfig.parse(bytes(encoder.extradata or b"")))
        return packets

    def _encoder(self, frame: VideoFrame) -> VideoCodecContext:
        source = self._title.video.codec_context
        encoder = CodecContext.create("libx264", "w")
        assert isinstance(encoder, VideoCodecContext)
        encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, frame.format.name
        encoder.time_base = self._title.tick
        rate = self._index.video.frame_rate or Fraction(30)
        encoder.framerate = rate if 1 <= rate <= 300 else Fraction(30)
        encoder.sample_aspect_ratio = self._index.video.sample_aspect
        encoder.color_primaries, encoder.color_trc = source.color_primaries, source.color_trc
        encoder.colorspace, encoder.color_range = source.colorspace, source.color_range
        encoder.max_b_frames = 0
        encoder.flags |= Flags.global_header
        number = next(n for n in range(31, -1, -1) if n not in self._used)
        encoder.options = {
            "preset": "veryfast",
            "crf": str(SEAM_CRF),
            "profile": PROFILES.get(self._config.lead[0], "high"),
            "x264-params": f"sps-id={number}:annexb=0:scenecut=0:repeat-headers=0:keyint=infinite:force-cfr=1",
        }
        return encoder

    @property
    def extradata(self) -> bytes:
        return self._config.build()


def packet_of(data: bytes, like: Packet[VideoStream]) -> Packet[VideoStream]:
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
