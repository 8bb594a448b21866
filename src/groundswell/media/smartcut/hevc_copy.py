"""Smart cut for H.265: like `avccopy`, with parameter sets renumbered by hand, since x265 cannot."""

from __future__ import annotations

from av.packet import Packet
from av.video.stream import VideoStream

from groundswell.media.bitstream import hevc
from groundswell.media.bitstream.avc import Nal, with_lengths
from groundswell.media.bitstream.hevc import HevcConfig
from groundswell.media.bitstream.hevc_parameter_sets import Pps, Sps
from groundswell.media.bitstream.hevc_renumbering import renumbered_set, renumbered_slice
from groundswell.media.reading.packets import CannotCopy, Packets

from .coding import Coding
from .copier import Copier, packet_of
from .splice import Picture

SEAM_CRF = 16
OPTIONS = (
    "log-level=none:bframes=0:ref=1:keyint=-1:no-scenecut=1:open-gop=0:wpp=0:slices=1:weightp=0:no-sao=1:"
    "temporal-mvp=0:scaling-list=off:repeat-headers=0:annexb=1:aud=0:info=0:hrd=0:frame-threads=1"
)


class HevcCopy(Copier):
    """The copying of one stretch of an H.265 title."""

    sample_entry = "hvc1"
    encoder = "libx265"
    formats = frozenset({"yuv420p", "yuvj420p", "yuv420p10le", "yuv422p10le"})

    def __init__(self, coding: Coding) -> None:
        super().__init__(coding)
        try:
            self._config = HevcConfig.parse(coding.record)
            self._sets = {(hevc.kind(n), hevc.set_id(n)): n for n in self._config.sets}
        except (ValueError, IndexError) as error:
            raise CannotCopy("unreadable_parameter_sets") from error

    def take(self, packet: Packet[VideoStream]) -> Picture:
        """IRAP pictures are clean; the pictures that lead an open GOP are left out when it is the first."""
        try:
            kinds = {self._note(nal) for nal in self._config.nals(memoryview(packet))}
        except (ValueError, IndexError) as error:
            raise CannotCopy("unreadable_parameter_sets") from error
        return Picture(packet.pts or 0, bool(kinds & hevc.IRAP), not packet.is_discard, sheds=True)

    def _note(self, nal: Nal) -> int:
        """The kind of a NAL unit. The same id with another content cannot be."""
        kind = hevc.kind(nal)
        if kind in hevc.KINDS:
            seen = bytes(nal)
            if self._sets.setdefault((kind, hevc.set_id(seen)), seen) != seen:
                raise CannotCopy("changing_parameter_sets")
        return kind

    def copied(self, packet: Packet[VideoStream]) -> Packet[VideoStream]:
        data = memoryview(packet)
        kept = [n for n in self._config.nals(data) if hevc.kind(n) not in hevc.NOT_KEPT]
        if not self._config.annexb and self._config.length_size == 4 and len(data) == sum(4 + len(n) for n in kept):
            return packet
        return packet_of(with_lengths(kept), packet)

    def _adopted(self, packets: Packets, record: bytes) -> Packets:
        """Renumbered, and closed by an end of sequence, after which any IRAP picture starts afresh (H.265, 8.1.3)."""
        try:
            return self._renumbered(packets, HevcConfig.parse(record))
        except (ValueError, IndexError, StopIteration) as error:
            raise CannotCopy("encoder_surprise") from error

    def _renumbered(self, packets: Packets, config: HevcConfig) -> Packets:
        sps = Sps.parse(next(n for n in config.sets if hevc.kind(n) == hevc.SPS))
        pps = Pps.parse(next(n for n in config.sets if hevc.kind(n) == hevc.PPS))
        ids = [self._free(hevc.VPS, 15), self._free(hevc.SPS, 15), self._free(hevc.PPS, 63)]
        for nal in (renumbered_set(n, *ids) for n in config.sets):
            if self._sets.setdefault((hevc.kind(nal), hevc.set_id(nal)), nal) is not nal:
                raise CannotCopy("encoder_surprise")
        done = []
        for count, packet in enumerate(packets, 1):
            nals = [bytes(n) for n in config.nals(memoryview(packet)) if hevc.kind(n) not in hevc.NOT_KEPT]
            nals = [renumbered_slice(n, sps, pps, ids[2]) if hevc.kind(n) < hevc.VPS else n for n in nals]
            if count == len(packets):
                nals.append(hevc.END_OF_SEQUENCE)
            done.append(packet_of(with_lengths(nals), packet))
        return done

    def _free(self, wanted: int, highest: int) -> int:
        return next(n for n in range(highest, -1, -1) if (wanted, n) not in self._sets)

    def _options(self) -> dict[str, str]:
        return {"preset": "ultrafast", "crf": str(SEAM_CRF), "x265-params": OPTIONS}

    @property
    def record(self) -> bytes:
        return self._config.with_sets(self._sets.values()).build()
