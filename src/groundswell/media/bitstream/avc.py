"""H.264 in MP4 (ISO 14496-15): NAL units, parameter sets, the avcC record."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from .bits import Reader, unescape

Nal: TypeAlias = "bytes | memoryview"

SPS, PPS, IDR, AUD, END_OF_SEQUENCE, END_OF_STREAM = 7, 8, 5, 9, 10, 11
NOT_KEPT = frozenset({SPS, PPS, AUD, END_OF_SEQUENCE, END_OF_STREAM})


def kind(nal: Nal) -> int:
    return nal[0] & 31 if len(nal) else 0


def annexb_nals(data: bytes) -> Iterator[bytes]:
    """NAL units between start codes."""
    at = data.find(b"\0\0\1")
    while at >= 0:
        following = data.find(b"\0\0\1", at + 3)
        nal = data[at + 3 : following if following >= 0 else len(data)]
        nal = nal.rstrip(b"\0")
        if nal:
            yield nal
        at = following


def length_nals(data: Nal, length_size: int) -> Iterator[Nal]:
    """NAL units that each follow their length. Raises ``ValueError`` when lengths and data disagree."""
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + length_size], "big")
        at += length_size
        if at + size > len(data):
            raise ValueError("a NAL unit reaches past its packet")
        if size:
            yield data[at : at + size]
        at += size


def with_lengths(nals: Iterable[Nal]) -> bytes:
    """NAL units each behind a length of four bytes."""
    return b"".join(part for nal in nals for part in (struct.pack(">I", len(nal)), nal))


def is_annexb(extradata: bytes) -> bool:
    return extradata[:3] == b"\0\0\1" or extradata[:4] == b"\0\0\0\1"


@dataclass(frozen=True)
class AvcConfig:
    """An avcC record. ``lead`` is its profile, compatibility and level; ``tail`` the chroma fields of high profiles."""

    lead: bytes
    length_size: int
    sps: tuple[bytes, ...]
    pps: tuple[bytes, ...]
    tail: bytes = b""
    annexb: bool = False

    @classmethod
    def parse(cls, extradata: bytes) -> AvcConfig:
        """From an avcC record, or Annex B parameter sets. Raises ``ValueError`` when it is neither."""
        if is_annexb(extradata):
            nals = list(annexb_nals(extradata))
            sps = tuple(n for n in nals if kind(n) == SPS)
            pps = tuple(n for n in nals if kind(n) == PPS)
            if not sps or not pps or len(sps[0]) < 4:
                raise ValueError("no parameter sets")
            return cls(sps[0][1:4], 4, sps, pps, chroma_tail(sps[0]), annexb=True)
        if len(extradata) < 7 or extradata[0] != 1:
            raise ValueError("not an avcC record")
        at, sps = _sets(extradata, 6, extradata[5] & 31)
        at, pps = _sets(extradata, at + 1, extradata[at])
        if not sps or not pps:
            raise ValueError("no parameter sets")
        return cls(extradata[1:4], (extradata[4] & 3) + 1, sps, pps, extradata[at:])

    def nals(self, packet: Nal) -> Iterator[Nal]:
        return annexb_nals(bytes(packet)) if self.annexb else length_nals(packet, self.length_size)

    def with_sets(self, sps: Iterable[bytes], pps: Iterable[bytes]) -> AvcConfig:
        """With just these parameter sets; the highest of their levels."""
        sps = tuple(sps)
        lead = self.lead[:2] + bytes([max(self.lead[2], *(s[3] for s in sps))])
        return replace(self, lead=lead, sps=sps, pps=tuple(pps))

    def build(self) -> bytes:
        """The record, for NAL units behind four-byte lengths."""
        sets = b"".join(struct.pack(">H", len(s)) + s for s in self.sps)
        pictures = b"".join(struct.pack(">H", len(p)) + p for p in self.pps)
        head = b"\1" + self.lead + bytes([0xFF, 0xE0 | len(self.sps)])
        return head + sets + bytes([len(self.pps)]) + pictures + self.tail


def _sets(data: bytes, at: int, count: int) -> tuple[int, tuple[bytes, ...]]:
    found = []
    for _ in range(count):
        if at + 2 > len(data):
            raise ValueError("the avcC record is cut short")
        (size,) = struct.unpack_from(">H", data, at)
        found.append(data[at + 2 : at + 2 + size])
        at += 2 + size
    if at >= len(data) + 1:
        raise ValueError("the avcC record is cut short")
    return at, tuple(found)


def sps_id(sps: bytes) -> int:
    reader = Reader(unescape(sps[:24]))
    reader.skip(32)
    return reader.ue()


def pps_ids(pps: bytes) -> tuple[int, int]:
    """A picture parameter set's own id, and the id of the sequence parameter set it refers to."""
    reader = Reader(unescape(pps[:16]))
    reader.skip(8)
    return reader.ue(), reader.ue()


def chroma_tail(sps: bytes) -> bytes:
    """The four bytes high profiles add to avcC: chroma format, bit depths, no SPS extension."""
    if sps[1] not in (100, 110, 122, 144, 244):
        return b""
    reader = Reader(unescape(sps[:32]))
    reader.skip(32)
    reader.ue()
    chroma = reader.ue()
    if chroma == 3:
        reader.skip(1)
    return bytes([0xFC | chroma, 0xF8 | reader.ue(), 0xF8 | reader.ue(), 0])
