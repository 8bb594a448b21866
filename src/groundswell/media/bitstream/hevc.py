"""H.265 in MP4 (ISO 14496-15): NAL units and the hvcC record."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace

from .avc import Nal, annexb_nals, is_annexb, length_nals
from .bits import Reader, unescape
from .hevc_parameter_sets import lead_of, skip_to_sps_id

VPS, SPS, PPS, AUD, EOS, EOB = 32, 33, 34, 35, 36, 37
RADL, RASL = frozenset({6, 7}), frozenset({8, 9})
IRAP = frozenset(range(16, 24))
IDR, CRA = frozenset({19, 20}), 21
END_OF_SEQUENCE = bytes([EOS << 1, 1])
NOT_KEPT = frozenset({VPS, SPS, PPS, AUD, EOS, EOB})
KINDS = (VPS, SPS, PPS)


def kind(nal: Nal) -> int:
    return nal[0] >> 1 & 63 if len(nal) else 63


@dataclass(frozen=True)
class HevcConfig:
    """An hvcC record: ``lead`` is its first 22 bytes; ``sets`` the parameter sets in order."""

    lead: bytes
    length_size: int
    sets: tuple[bytes, ...]
    others: tuple[bytes, ...] = ()
    annexb: bool = False

    @classmethod
    def parse(cls, extradata: bytes) -> HevcConfig:
        """Raises ``ValueError`` for what is no hvcC record and no Annex B parameter sets."""
        if is_annexb(extradata):
            nals = list(annexb_nals(extradata))
            sets = tuple(n for n in nals if kind(n) in KINDS)
            sps = next((n for n in sets if kind(n) == SPS), None)
            if sps is None:
                raise ValueError("no parameter sets")
            return cls(lead_of(sps), 4, sets, annexb=True)
        if len(extradata) < 23 or extradata[0] != 1:
            raise ValueError("not an hvcC record")
        nals, at = [], 23
        for _ in range(extradata[22]):
            (count,) = struct.unpack_from(">H", extradata, at + 1)
            at += 3
            for _ in range(count):
                (size,) = struct.unpack_from(">H", extradata, at)
                nals.append(extradata[at + 2 : at + 2 + size])
                at += 2 + size
        sets = tuple(n for n in nals if kind(n) in KINDS)
        others = tuple(n for n in nals if kind(n) not in KINDS)
        if {kind(n) for n in sets} != set(KINDS):
            raise ValueError("no parameter sets")
        return cls(extradata[:22], (extradata[21] & 3) + 1, sets, others)

    def nals(self, packet: Nal) -> Iterable[Nal]:
        return annexb_nals(bytes(packet)) if self.annexb else length_nals(packet, self.length_size)

    def with_sets(self, sets: Iterable[bytes]) -> HevcConfig:
        """With just these parameter sets."""
        return replace(self, sets=tuple(sets))

    def build(self) -> bytes:
        """The record, all sets in it (``hvc1``), for NAL units behind four-byte lengths."""
        arrays = []
        for wanted in (*KINDS, *sorted({kind(n) for n in self.others})):
            nals = [n for n in (*self.sets, *self.others) if kind(n) == wanted]
            if nals:
                body = b"".join(struct.pack(">H", len(n)) + n for n in nals)
                arrays.append(bytes([0x80 | wanted]) + struct.pack(">H", len(nals)) + body)
        return self.lead[:21] + bytes([self.lead[21] | 3, len(arrays)]) + b"".join(arrays)


def set_id(nal: bytes) -> int:
    """The id of a parameter set of any of the three kinds."""
    reader = Reader(unescape(nal[:64]))
    reader.skip(16)
    if kind(nal) == VPS:
        return reader.u(4)
    if kind(nal) == SPS:
        skip_to_sps_id(reader)
    return reader.ue()
