"""H.265 in MP4 (ISO 14496-15): NAL units, the hvcC record, and parameter sets under other ids.

An encoder numbers its parameter sets from 0, and so did the encoder of the title. For both to live under one hvcC,
the sets of newly encoded pictures are renumbered, and so is the reference to them at the head of each slice.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace

from .avc import annexb_nals, is_annexb, length_nals
from .bits import Reader, Writer, escape, unescape

VPS, SPS, PPS, AUD, EOS, EOB = 32, 33, 34, 35, 36, 37
RADL, RASL = frozenset({6, 7}), frozenset({8, 9})
IRAP = frozenset(range(16, 24))
IDR, CRA = frozenset({19, 20}), 21
END_OF_SEQUENCE = bytes([EOS << 1, 1])
NOT_KEPT = frozenset({VPS, SPS, PPS, AUD, EOS, EOB})
KINDS = (VPS, SPS, PPS)


def kind(nal: bytes) -> int:
    return nal[0] >> 1 & 63 if nal else 63


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

    def nals(self, packet: bytes) -> Iterable[bytes]:
        return annexb_nals(packet) if self.annexb else length_nals(packet, self.length_size)

    def with_sets(self, sets: Iterable[bytes]) -> HevcConfig:
        return replace(self, sets=self.sets + tuple(s for s in sets if s not in self.sets))

    def build(self) -> bytes:
        """The record, all sets in it (``hvc1``), for NAL units behind four-byte lengths."""
        arrays = []
        for wanted in (*KINDS, *sorted({kind(n) for n in self.others})):
            nals = [n for n in (*self.sets, *self.others) if kind(n) == wanted]
            if nals:
                body = b"".join(struct.pack(">H", len(n)) + n for n in nals)
                arrays.append(bytes([0x80 | wanted]) + struct.pack(">H", len(nals)) + body)
        return self.lead[:21] + bytes([self.lead[21] | 3, len(arrays)]) + b"".join(arrays)


def lead_of(sps: bytes) -> bytes:
    """The first 22 bytes of an hvcC record for a sequence parameter set."""
    rbsp = unescape(sps)
    found = Sps.parse(sps)
    return (
        b"\1"
        + rbsp[3:15]
        + b"\xf0\x00\xfc"
        + bytes([0xFC | found.chroma, 0xF8 | found.depth - 8, 0xF8 | found.depth_chroma - 8, 0, 0, 0x0F])
    )


def set_id(nal: bytes) -> int:
    """The id of a parameter set of any of the three kinds."""
    reader = Reader(unescape(nal[:64]))
    reader.skip(16)
    if kind(nal) == VPS:
        return reader.u(4)
    if kind(nal) == SPS:
        _skip_to_sps_id(reader)
    return reader.ue()


def _skip_to_sps_id(reader: Reader) -> None:
    reader.skip(4)
    layers = reader.u(3)
    reader.skip(1 + 88 + 8)
    if layers:
        present = [(reader.u(1), reader.u(1)) for _ in range(layers)]
        if layers < 8:
            reader.skip(2 * (8 - layers))
        for profile, level in present:
            reader.skip(88 * profile + 8 * level)


@dataclass(frozen=True)
class Sps:
    """What slice headers depend on. For sets made by our own encoder: one layer, no scaling lists, no PCM."""

    chroma: int
    depth: int
    depth_chroma: int
    poc_bits: int
    sao: bool
    rps_count: int
    rps_deltas: tuple[int, ...]
    long_term: bool
    temporal_mvp: bool

    @classmethod
    def parse(cls, nal: bytes) -> Sps:
        """Raises ``ValueError`` for tools our encoder never uses."""
        r = Reader(unescape(nal))
        r.skip(16)
        _skip_to_sps_id(r)
        r.ue()
        chroma = r.ue()
        if chroma == 3:
            r.skip(1)
        r.ue(), r.ue()
        if r.u(1):
            r.ue(), r.ue(), r.ue(), r.ue()
        depth, depth_chroma = 8 + r.ue(), 8 + r.ue()
        poc_bits = 4 + r.ue()
        r.skip(1)
        r.ue(), r.ue(), r.ue()
        for _ in range(6):
            r.ue()
        if r.u(1):
            return cls(chroma, depth, depth_chroma, poc_bits, False, 0, (), False, False)
        r.skip(1)
        sao = bool(r.u(1))
        if r.u(1):
            raise ValueError("PCM blocks")
        count = r.ue()
        deltas: list[int] = []
        for n in range(count):
            deltas.append(_reference_set(r, n, deltas))
        long_term = bool(r.u(1))
        if long_term:
            raise ValueError("long-term references")
        return cls(chroma, depth, depth_chroma, poc_bits, sao, count, tuple(deltas), long_term, bool(r.u(1)))


def _reference_set(r: Reader, index: int, sizes: list[int]) -> int:
    """Read an st_ref_pic_set (7.3.7); how many pictures it refers to."""
    if index and r.u(1):
        raise ValueError("predicted reference sets")
    negative, positive = r.ue(), r.ue()
    for _ in range(negative + positive):
        r.ue()
        r.skip(1)
    return negative + positive


@dataclass(frozen=True)
class Pps:
    """What slice headers depend on in a picture parameter set of our own encoder."""

    output_flag: bool
    extra_bits: int
    cabac_init: bool
    chroma_offsets: bool
    weighted: bool
    override: bool
    deblocking_off: bool
    loop_across: bool
    lists: bool
    extension: bool

    @classmethod
    def parse(cls, nal: bytes) -> Pps:
        """Raises ``ValueError`` for tiles, wavefronts and scaling lists."""
        r = Reader(unescape(nal))
        r.skip(16)
        r.ue(), r.ue()
        r.skip(1)
        output_flag, extra_bits = bool(r.u(1)), r.u(3)
        r.skip(1)
        cabac_init = bool(r.u(1))
        r.ue(), r.ue(), r.se()
        r.skip(2)
        if r.u(1):
            r.ue()
        r.se(), r.se()
        chroma_offsets, weighted = bool(r.u(1)), bool(r.u(1))
        r.skip(2)
        if r.u(1) or r.u(1):
            raise ValueError("tiles or wavefronts")
        loop_across = bool(r.u(1))
        override = off = False
        if r.u(1):
            override, off = bool(r.u(1)), bool(r.u(1))
            if not off:
                r.se(), r.se()
        if r.u(1):
            raise ValueError("scaling lists")
        lists = bool(r.u(1))
        r.ue()
        return cls(
            output_flag,
            extra_bits,
            cabac_init,
            chroma_offsets,
            weighted,
            override,
            off,
            loop_across,
            lists,
            bool(r.u(1)),
        )


def renumbered_set(nal: bytes, vps: int, sps: int, pps: int) -> bytes:
    """A parameter set under the given ids. Raises ``ValueError`` when it cannot be read."""
    rbsp = unescape(nal)
    reader, writer = Reader(rbsp), Writer()
    writer.copy(reader, 16)
    if kind(nal) in (VPS, SPS):
        reader.u(4)
        writer.u(vps, 4)
    if kind(nal) == SPS:
        here = reader.position
        probe = Reader(rbsp)
        probe.skip(16)
        _skip_to_sps_id(probe)
        writer.copy(reader, probe.position - here)
        reader.ue()
        writer.ue(sps)
    if kind(nal) == PPS:
        reader.ue(), reader.ue()
        writer.ue(pps)
        writer.ue(sps)
    writer.copy(reader, _stop_bit(rbsp) - reader.position)
    return escape(writer.bytes_after_stop_bit())


def _stop_bit(rbsp: bytes) -> int:
    """The position of the last one bit: where the payload ends (7.3.2.11)."""
    trimmed = rbsp.rstrip(b"\0")
    last = trimmed[-1]
    return len(trimmed) * 8 - 1 - ((last & -last).bit_length() - 1)


def renumbered_slice(nal: bytes, sps: Sps, pps: Pps, pps_id: int) -> bytes:
    """A slice that refers to another picture parameter set, its data moved to the next whole byte."""
    rbsp = unescape(nal)
    reader, writer = Reader(rbsp[:256]), Writer()
    writer.copy(reader, 16)
    if reader.u(1) != 1:
        raise ValueError("several slices to a picture")
    writer.u(1, 1)
    if kind(nal) in IRAP:
        writer.copy(reader, 1)
    reader.ue()
    writer.ue(pps_id)
    start = reader.position
    end = _header_end(reader, kind(nal), sps, pps)
    reader.position = start
    writer.copy(reader, end - start)
    if reader.u(1) != 1:
        raise ValueError("the slice header does not end where it should")
    data = rbsp[reader.position // 8 + (1 if reader.position % 8 else 0) :]
    if reader.position % 8 and reader.u(8 - reader.position % 8):
        raise ValueError("the slice header does not end where it should")
    return escape(writer.bytes_after_stop_bit() + data)


def _header_end(r: Reader, nal_kind: int, sps: Sps, pps: Pps) -> int:
    """Read the rest of a slice segment header (7.3.6.1) after the parameter set's id; where it ends."""
    r.skip(pps.extra_bits)
    slice_type = r.ue()
    if slice_type == 0 or pps.weighted or pps.lists:
        raise ValueError("a slice of a kind our encoder does not make")
    predicted = slice_type == 1
    r.skip(int(pps.output_flag))
    temporal_mvp = False
    if nal_kind not in IDR:
        r.skip(sps.poc_bits)
        if not r.u(1):
            _reference_set(r, sps.rps_count, [])
        elif sps.rps_count > 1:
            r.skip((sps.rps_count - 1).bit_length())
        temporal_mvp = bool(sps.temporal_mvp and r.u(1))
    sao = [bool(r.u(1)), bool(sps.chroma and r.u(1))] if sps.sao else []
    if predicted:
        references = 0
        if r.u(1):
            references = r.ue() + 1
        r.skip(int(pps.cabac_init))
        if temporal_mvp and references > 1:
            r.ue()
        r.ue()
    r.se()
    if pps.chroma_offsets:
        r.se(), r.se()
    off = pps.deblocking_off
    if pps.override and r.u(1):
        off = bool(r.u(1))
        if not off:
            r.se(), r.se()
    if pps.loop_across and (any(sao) or not off):
        r.skip(1)
    if pps.extension:
        r.skip(8 * r.ue())
    return r.position
