"""Smart cut for H.264: copied and encoded pictures live under one avcC, each with a parameter set of its own."""

from __future__ import annotations

from av.packet import Packet
from av.video.stream import VideoStream

from groundswell.media.bitstream import avc
from groundswell.media.bitstream.avc import AvcConfig
from groundswell.media.reading.packets import CannotCopy, Packets

from .coding import Coding
from .copier import Copier, packet_of
from .splice import Picture

PROFILES = {66: "baseline", 77: "main", 88: "main", 100: "high", 110: "high10", 122: "high422", 244: "high444"}
SEAM_PRESET, SEAM_CRF = "ultrafast", 20
"""A few pictures: bits matter less than time. A quarter of the time of ``veryfast``, and near to the title (49 dB)."""


class AvcCopy(Copier):
    """The copying of one stretch of an H.264 title."""

    sample_entry = "avc1"
    encoder = "libx264"
    formats = frozenset({"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuv420p10le", "yuv422p10le"})

    def __init__(self, coding: Coding) -> None:
        if coding.interlaced:
            raise CannotCopy("interlaced")
        super().__init__(coding)
        try:
            self._config = AvcConfig.parse(coding.record)
            self._sps = {avc.sps_id(s): s for s in self._config.sps}
            self._pps = {avc.pps_ids(p)[0]: p for p in self._config.pps}
        except (ValueError, IndexError) as error:
            raise CannotCopy("unreadable_parameter_sets") from error

    def take(self, packet: Packet[VideoStream]) -> Picture:
        """A picture is clean when it is an IDR picture."""
        try:
            kinds = {self._note(nal) for nal in self._config.nals(memoryview(packet))}
        except (ValueError, IndexError) as error:
            raise CannotCopy("unreadable_parameter_sets") from error
        return Picture(packet.pts or 0, avc.IDR in kinds, not packet.is_discard)

    def _note(self, nal: avc.Nal) -> int:
        """The kind of a NAL unit. The same id with another content cannot be."""
        kind = avc.kind(nal)
        if kind in (avc.SPS, avc.PPS):
            seen, found = bytes(nal), self._sps if kind == avc.SPS else self._pps
            number = avc.sps_id(seen) if kind == avc.SPS else avc.pps_ids(seen)[0]
            if found.setdefault(number, seen) != seen:
                raise CannotCopy("changing_parameter_sets")
        return kind

    def copied(self, packet: Packet[VideoStream]) -> Packet[VideoStream]:
        data = memoryview(packet)
        kept = [n for n in self._config.nals(data) if avc.kind(n) not in avc.NOT_KEPT]
        if not self._config.annexb and self._config.length_size == 4 and len(data) == sum(4 + len(n) for n in kept):
            return packet
        return packet_of(avc.with_lengths(kept), packet)

    def _adopted(self, packets: Packets, record: bytes) -> Packets:
        made = AvcConfig.parse(record)
        self._sps.update((avc.sps_id(s), s) for s in made.sps)
        self._pps.update((avc.pps_ids(p)[0], p) for p in made.pps)
        return packets

    def _options(self) -> dict[str, str]:
        number = next((n for n in range(31, -1, -1) if n not in self._sps and n not in self._pps), None)
        if number is None or len(self._sps) > 28 or len(self._pps) > 250:
            raise CannotCopy("too_many_parameter_sets")
        return {
            "preset": SEAM_PRESET,
            "crf": str(SEAM_CRF),
            "profile": PROFILES.get(self._config.lead[0], "high"),
            "x264-params": f"sps-id={number}:annexb=0:scenecut=0:repeat-headers=0:keyint=infinite:force-cfr=1",
        }

    @property
    def record(self) -> bytes:
        return self._config.with_sets(self._sps.values(), self._pps.values()).build()
