"""The init segment of a CMAF track (ISO 23000-19, 7.3.1): what it says, and the same with another codec record."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from . import boxes
from .movie_fragment import Defaults

TO_ENTRY = ("moov", "trak", "mdia", "minf", "stbl", "stsd")
BEFORE_CHILDREN = {"stsd": 8, "avc1": 78, "avc3": 78, "hvc1": 78, "hev1": 78}
RECORDS = {"avc1": "avcC", "hvc1": "hvcC"}


@dataclass(frozen=True)
class InitSegment:
    """``entry`` is the sample entry's type; ``record`` the codec's own (``avcC``, ``hvcC``), empty for others; ``late``
    how many ticks the edit list takes off raw presentation times."""

    data: bytes
    track: int
    timescale: int
    defaults: Defaults
    entry: str
    record: bytes
    late: int

    @classmethod
    def parse(cls, data: bytes) -> InitSegment:
        """Raises ``ValueError`` for what is no init segment of one track."""
        try:
            moov = next(boxes.find(data, "moov"))
            inside = data[moov.start : moov.end]
            tkhd = next(boxes.find(inside, "trak", "tkhd"))
            mdhd = next(boxes.find(inside, "trak", "mdia", "mdhd"))
            track = struct.unpack_from(">I", inside, tkhd.start + (20 if inside[tkhd.start] else 12))[0]
            scale = struct.unpack_from(">I", inside, mdhd.start + (20 if inside[mdhd.start] else 12))[0]
            stsd = next(boxes.find(inside, *TO_ENTRY[1:]))
            entry = next(boxes.boxes(inside, stsd.start + 8, stsd.end)).kind
            return cls(data, track, scale, Defaults.of(inside), entry, _record(data, entry), _late(inside))
        except (StopIteration, struct.error, IndexError) as error:
            raise ValueError("not an init segment") from error

    def with_record(self, record: bytes) -> bytes:
        """The segment as it is, edit lists and all, but for the codec's record."""
        return _replaced(self.data, (*TO_ENTRY, self.entry, RECORDS[self.entry]), record)


def _record(data: bytes, entry: str) -> bytes:
    if entry not in RECORDS:
        return b""
    stsd = next(boxes.find(data, *TO_ENTRY))
    first = next(boxes.boxes(data, stsd.start + 8, stsd.end))
    box = next(boxes.find(data, RECORDS[entry], start=first.start + BEFORE_CHILDREN[entry], end=first.end))
    return data[box.start : box.end]


def _late(moov: bytes) -> int:
    """Raises ``ValueError`` for an edit list that says more than where the media begins."""
    elst = next(boxes.find(moov, "trak", "edts", "elst"), None)
    if elst is None:
        return 0
    wide = moov[elst.start] == 1
    count, _, begin = struct.unpack_from(">IQq" if wide else ">IIi", moov, elst.start + 4)
    if count != 1 or begin < 0:
        raise ValueError("an edit list of several parts")
    return int(begin)


def with_edit_list(data: bytes, late: int) -> bytes:
    """An init segment (or a file up to its moov) whose one track is shown ``late`` ticks earlier than it says."""
    edit = struct.pack(">IIQqI", 1 << 24, 1, 0, late, 1 << 16)
    edts = boxes.box("edts", boxes.box("elst", edit))
    moov = next(boxes.find(data, "moov"))
    trak = next(boxes.find(data, "moov", "trak"))
    tkhd = next(boxes.find(data, "moov", "trak", "tkhd"))
    inside = boxes.box("trak", data[trak.start : tkhd.end] + edts + data[tkhd.end : trak.end])
    grown = boxes.box("moov", data[moov.start : trak.start - 8] + inside + data[trak.end : moov.end])
    return data[: moov.start - 8] + grown + data[moov.end :]


def _replaced(data: bytes, path: tuple[str, ...], payload: bytes) -> bytes:
    out = b""
    for box in boxes.boxes(data):
        body = data[box.start : box.end]
        if box.kind == path[0]:
            skip = BEFORE_CHILDREN.get(box.kind, 0)
            body = body[:skip] + _replaced(body[skip:], path[1:], payload) if len(path) > 1 else payload
        out += boxes.box(box.kind, body)
    return out
