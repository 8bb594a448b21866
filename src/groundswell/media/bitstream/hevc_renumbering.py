"""H.265 parameter sets under other ids, and slices that refer to them.

An encoder numbers its parameter sets from 0, and so did the encoder of the title. For both to live under one hvcC,
the sets of newly encoded pictures are renumbered, and so is the reference to them at the head of each slice.
"""

from __future__ import annotations

from .bits import BitWriter, Reader, escape, unescape
from .hevc import IDR, IRAP, PPS, SPS, VPS, kind
from .hevc_parameter_sets import Pps, Sps, reference_set, skip_to_sps_id


def renumbered_set(nal: bytes, vps: int, sps: int, pps: int) -> bytes:
    """A parameter set under the given ids. Raises ``ValueError`` when it cannot be read."""
    rbsp = unescape(nal)
    reader, writer = Reader(rbsp), BitWriter()
    writer.copy(reader, 16)
    if kind(nal) in (VPS, SPS):
        reader.u(4)
        writer.u(vps, 4)
    if kind(nal) == SPS:
        here = reader.position
        probe = Reader(rbsp)
        probe.skip(16)
        skip_to_sps_id(probe)
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
    reader, writer = Reader(rbsp[:256]), BitWriter()
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
            reference_set(r, sps.rps_count)
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
