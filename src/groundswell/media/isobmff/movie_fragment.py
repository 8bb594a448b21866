"""One movie fragment (ISO 14496-12, 8.8): read the samples of it, write one."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from . import boxes

DEFAULT_BASE_IS_MOOF = 0x20000
BASE_OFFSET, DESCRIPTION, TFHD_DURATION, TFHD_SIZE, TFHD_FLAGS = 0x1, 0x2, 0x8, 0x10, 0x20
DATA_OFFSET, FIRST_FLAGS, DURATION, SIZE, FLAGS, COMPOSITION = 0x1, 0x4, 0x100, 0x200, 0x400, 0x800
NOT_SYNC = 0x10000
SYNC_FLAGS, OTHER_FLAGS = 0x2000000, 0x1010000


@dataclass(frozen=True, slots=True)
class Sample:
    """A coded picture or packet of sound: when, for how long (ticks of the track), and where in the file."""

    pts: int
    dts: int
    duration: int
    offset: int
    size: int
    sync: bool

    @property
    def end(self) -> int:
        return self.pts + self.duration


@dataclass(frozen=True, slots=True)
class Part:
    """A sample to be written, with its bytes."""

    pts: int
    dts: int
    duration: int
    sync: bool
    data: bytes | memoryview


@dataclass(frozen=True)
class Defaults:
    """What samples are where a fragment does not say (``trex``, ``tfhd``)."""

    duration: int = 0
    size: int = 0
    flags: int = 0

    @classmethod
    def of(cls, moov: bytes) -> Defaults:
        trex = next(boxes.find(moov, "mvex", "trex"), None)
        return cls() if trex is None else cls(*struct.unpack_from(">III", moov, trex.start + 12))


def read_samples(moof: bytes, start: int, defaults: Defaults, late: int = 0) -> list[Sample]:
    """The samples of a fragment of one track. ``moof`` is the payload of the box that begins at ``start`` in its
    file; ``late`` what an edit list takes off presentation times. Raises ``ValueError`` for one that is damaged."""
    try:
        return list(_samples(moof, start, defaults, late))
    except (struct.error, StopIteration, IndexError) as error:
        raise ValueError("a damaged movie fragment") from error


def _samples(moof: bytes, start: int, defaults: Defaults, late: int) -> Iterator[Sample]:
    tfhd = next(boxes.find(moof, "traf", "tfhd"))
    base, usual = _track_header(moof, tfhd.start, start, defaults)
    dts, offset = _decode_time(moof), base
    for trun in boxes.find(moof, "traf", "trun"):
        version = moof[trun.start]
        flags, count = struct.unpack_from(">II", moof, trun.start)
        flags &= 0xFFFFFF
        at = trun.start + 8
        if flags & DATA_OFFSET:
            offset = base + struct.unpack_from(">i", moof, at)[0]
            at += 4
        first = usual.flags
        if flags & FIRST_FLAGS:
            (first,) = struct.unpack_from(">I", moof, at)
            at += 4
        fields = [bit for bit in (DURATION, SIZE, FLAGS, COMPOSITION) if flags & bit]
        row = struct.Struct(">" + "".join("i" if bit == COMPOSITION and version else "I" for bit in fields))
        for n in range(count):
            said = dict(zip(fields, row.unpack_from(moof, at), strict=True))
            at += row.size
            duration, size = said.get(DURATION, usual.duration), said.get(SIZE, usual.size)
            sync = not said.get(FLAGS, usual.flags if n else first) & NOT_SYNC
            yield Sample(dts + said.get(COMPOSITION, 0) - late, dts, duration, offset, size, sync)
            dts += duration
            offset += size


def _track_header(moof: bytes, at: int, start: int, defaults: Defaults) -> tuple[int, Defaults]:
    """Where data offsets count from, and what samples usually are."""
    (flags,) = struct.unpack_from(">I", moof, at)
    at += 8
    found = {}
    for bit, size in ((BASE_OFFSET, 8), (DESCRIPTION, 4), (TFHD_DURATION, 4), (TFHD_SIZE, 4), (TFHD_FLAGS, 4)):
        if flags & bit:
            found[bit] = int.from_bytes(moof[at : at + size], "big")
            at += size
    usual = Defaults(
        found.get(TFHD_DURATION, defaults.duration),
        found.get(TFHD_SIZE, defaults.size),
        found.get(TFHD_FLAGS, defaults.flags),
    )
    return found.get(BASE_OFFSET, start), usual


def _decode_time(moof: bytes) -> int:
    tfdt = next(boxes.find(moof, "traf", "tfdt"))
    return int(struct.unpack_from(">Q" if moof[tfdt.start] == 1 else ">I", moof, tfdt.start + 4)[0])


def write_fragment(track: int, number: int, parts: Sequence[Part], late: int = 0) -> bytes:
    """A moof and its mdat, everything said of every sample; ``late`` is added to presentation times for the sake of an
    edit list. Needs ``dts`` that rise from 0 or more on."""
    signed = any(p.pts + late < p.dts for p in parts)
    rows = b"".join(
        struct.pack(">IIIi", p.duration, len(p.data), SYNC_FLAGS if p.sync else OTHER_FLAGS, p.pts + late - p.dts)
        for p in parts
    )
    header = boxes.box("mfhd", struct.pack(">II", 0, number))
    tfhd = boxes.box("tfhd", struct.pack(">II", DEFAULT_BASE_IS_MOOF, track))
    tfdt = boxes.box("tfdt", struct.pack(">IQ", 1 << 24, parts[0].dts))
    before = 8 + len(header) + 8 + len(tfhd) + len(tfdt)
    flags = DATA_OFFSET | DURATION | SIZE | FLAGS | COMPOSITION
    data_at = before + 8 + 12 + len(rows) + 8
    trun = boxes.box("trun", struct.pack(">IIi", signed << 24 | flags, len(parts), data_at) + rows)
    moof = boxes.box("moof", header + boxes.box("traf", tfhd + tfdt + trun))
    return moof + boxes.box("mdat", b"".join(p.data for p in parts))
