"""Smart cut for H.265: like `avccopy`, with parameter sets renumbered by hand, since x265 cannot."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from av.codec import CodecContext
from av.codec.context import Flags
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from . import hevc
from .avc import with_lengths
from .avccopy import packet_of
from .gather import CannotCopy, Packets
from .hevc import HevcConfig, Pps, Sps
from .source import Source
from .splice import Picture
from .title import TitleIndex

FORMATS = frozenset({"yuv420p", "yuvj420p", "yuv420p10le", "yuv422p10le"})
SEAM_CRF = 16
OPTIONS = (
    "log-level=none:bframes=0:ref=1:keyint=-1:no-scenecut=1:open-gop=0:wpp=0:slices=1:weightp=0:no-sao=1:"
    "temporal-mvp=0:scaling-list=off:repeat-headers=0:annexb=1:aud=0:info=0:hrd=0:frame-threads=1"
)


class HevcCopy:
    """The copying of one stretch of an H.265 title."""

    sample_entry = "hvc1"

    def __init__(self, title: Source, index: TitleIndex, packets: Packets) -> None:
        self._title, self._index = title, index
        if index.video.pixel_format not in FORMATS:
            raise CannotCopy("pixel_format")
        try:
            self._config = HevcConfig.parse(bytes(title.video.codec_context.extradata or b""))
            self._nals = [list(self._config.nals(bytes(p))) for p in packets]
            self._take_in_band_sets()
        except (ValueError, IndexError) as error:
            raise CannotCopy("unreadable_parameter_sets") from error

    def _take_in_band_sets(self) -> None:
        known = {(hevc.kind(n), hevc.set_id(n)): n for n in self._config.sets}
        for nal in (n for nals in self._nals for n in nals if hevc.kind(n) in hevc.KINDS):
            if known.setdefault((hevc.kind(nal), hevc.set_id(nal)), nal) != nal:
                raise CannotCopy("changing_parameter_sets")
        self._config = self._config.with_sets(known.values())
        self._used = set(known)

    def pictures(self, packets: Packets) -> list[Picture]:
        """IRAP pictures are clean; the pictures that lead an open GOP are left out when it is the first."""
        found = []
        for packet, nals in zip(packets, self._nals, strict=True):
            kinds = {hevc.kind(n) for n in nals}
            found.append(Picture(packet.pts or 0, bool(kinds & hevc.IRAP), not packet.is_discard, sheds=True))
        return found

    def copied(self, packets: Packets, chosen: Iterable[int]) -> Packets:
        done = []
        for n in chosen:
            nals = [nal for nal in self._nals[n] if hevc.kind(nal) not in hevc.NOT_KEPT]
            done.append(packet_of(with_lengths(nals), packets[n]))
        return done

    def encoded(self, frames: Iterable[tuple[int, VideoFrame]]) -> Packets:
        """Frames as packets under parameter sets of their own id, closed by an end of sequence, after which any IRAP
        picture starts afresh (H.265, 8.1.3)."""
        encoder: VideoCodecContext | None = None
        packets: list[Packet[VideoStream]] = []
        video = self._index.video
        for pts, frame in frames:
            same = (frame.width, frame.height, frame.format.name)
            if same != (video.coded_width, video.coded_height, video.pixel_format):
                raise CannotCopy("changing_picture")
            encoder = encoder or self._encoder(frame)
            frame.pts, frame.time_base, frame.pict_type = pts, self._title.tick, 0
            packets += encoder.encode(frame)
        if encoder is None:
            return []
        packets += encoder.encode(None)
        try:
            return self._renumbered(packets, bytes(encoder.extradata or b""))
        except (ValueError, IndexError, StopIteration) as error:
            raise CannotCopy("encoder_surprise") from error

    def _renumbered(self, packets: Packets, extradata: bytes) -> Packets:
        config = HevcConfig.parse(extradata)
        sps = Sps.parse(next(n for n in config.sets if hevc.kind(n) == hevc.SPS))
        pps = Pps.parse(next(n for n in config.sets if hevc.kind(n) == hevc.PPS))
        ids = [self._free(hevc.VPS, 15), self._free(hevc.SPS, 15), self._free(hevc.PPS, 63)]
        self._config = self._config.with_sets(hevc.renumbered_set(n, *ids) for n in config.sets)
        if len({(hevc.kind(n), hevc.set_id(n)) for n in self._config.sets}) < len(self._config.sets):
            raise CannotCopy("encoder_surprise")
        done = []
        for count, packet in enumerate(packets, 1):
            nals = [n for n in config.nals(bytes(packet)) if hevc.kind(n) not in hevc.NOT_KEPT]
            nals = [hevc.renumbered_slice(n, sps, pps, ids[2]) if hevc.kind(n) < hevc.VPS else n for n in nals]
            if count == len(packets):
                nals.append(hevc.END_OF_SEQUENCE)
            done.append(packet_of(with_lengths(nals), packet))
        return done

    def _free(self, wanted: int, highest: int) -> int:
        return next(n for n in range(highest, -1, -1) if (wanted, n) not in self._used)

    def _encoder(self, frame: VideoFrame) -> VideoCodecContext:
        source = self._title.video.codec_context
        encoder = CodecContext.create("libx265", "w")
        assert isinstance(encoder, VideoCodecContext)
        encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, frame.format.name
        encoder.time_base = self._title.tick
        rate = self._index.video.frame_rate or Fraction(30)
        encoder.framerate = rate if 1 <= rate <= 300 else Fraction(30)
        encoder.sample_aspect_ratio = self._index.video.sample_aspect
        encoder.color_primaries, encoder.color_trc = source.color_primaries, source.color_trc
        encoder.colorspace, encoder.color_range = source.colorspace, source.color_range
        encoder.flags |= Flags.global_header
        encoder.options = {"preset": "ultrafast", "crf": str(SEAM_CRF), "x265-params": OPTIONS}
        return encoder

    @property
    def extradata(self) -> bytes:
        return self._config.build()
