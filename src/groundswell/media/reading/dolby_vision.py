"""Tell Dolby Vision whose pictures nothing but a Dolby decoder shows right.

Profile 5 (and AV1's profile 10 without a compatible base layer) codes colours in IPT-PQ-c2: copied as plain ``hvc1``,
or encoded again as anything else, they are purple and green. Profiles with a compatible base layer (7, 8) are HDR10,
HLG or SDR to everybody, and are read as that. The record is ETSI TS 103 572's ``DOVIDecoderConfigurationRecord``: in
MP4 a box of the sample entry, in Matroska a block addition mapping, in a transport stream a descriptor of the
programme's map.
"""

from __future__ import annotations

from collections.abc import Iterator

from av.video.frame import VideoFrame

from groundswell.media.errors import MediaError
from groundswell.media.isobmff.boxes import boxes, find

from .side_data import side_data

RECORDS = frozenset({"dvcC", "dvvC", "dvwC"})
VISUAL = 78
EXTRA_DATA = b"\x41\xed"
NAMES = (b"dvcC", b"dvvC")
DESCRIPTOR = 0xB0
PROGRAMME_MAP = 2
PACKET, SYNC = 188, 0x47
UNSPECIFIED = 2


def refuse_incompatible(moov: bytes, head: bytes) -> None:
    """Raise ``dolby_vision`` when a record in an MP4's ``moov`` or in the beginning of another file says so."""
    for record in (*_in_boxes(moov), *_in_matroska(head), *_in_stream(head)):
        if len(record) >= 5 and record[4] >> 4 == 0 and record[2] >> 1 in (5, 10):
            profile = record[2] >> 1
            raise MediaError(
                "dolby_vision",
                f"This is Dolby Vision profile {profile}, which has no base layer that other decoders can show. "
                "Give an HDR10, HLG or SDR version, or Dolby Vision profile 8.",
            )


def refuse_unmapped(frame: VideoFrame) -> None:
    """Raise ``dolby_vision`` for a picture that brings Dolby's metadata and does not say what its colours are."""
    if int(frame.color_trc) == UNSPECIFIED and "DOVI_RPU_BUFFER" in side_data(frame):
        raise MediaError("dolby_vision")


def _in_boxes(moov: bytes) -> Iterator[bytes]:
    for stsd in find(moov, "trak", "mdia", "minf", "stbl", "stsd"):
        for entry in boxes(moov, stsd.start + 8, stsd.end):
            for box in boxes(moov, entry.start + VISUAL, entry.end):
                if box.kind in RECORDS:
                    yield moov[box.start : box.end]


def _in_matroska(head: bytes) -> Iterator[bytes]:
    if head[:4] != b"\x1aE\xdf\xa3" or not any(name in head for name in NAMES):
        return
    at = head.find(EXTRA_DATA)
    while at >= 0:
        yield head[at + 3 : at + 3 + 24]
        at = head.find(EXTRA_DATA, at + 2)


def _in_stream(head: bytes) -> Iterator[bytes]:
    """The records in the programme maps among the first packets of a transport stream."""
    if len(head) < 5 * PACKET or head[0] != SYNC or head[PACKET] != SYNC:
        return
    for start in range(0, len(head) - PACKET, PACKET):
        at = start + 4 + (1 + head[start + 4] if head[start + 3] & 0x20 else 0)
        if not head[start + 1] & 0x40 or at + 1 >= start + PACKET:
            continue
        section = head[at + 1 + head[at] : start + PACKET]
        if section[:1] == bytes([PROGRAMME_MAP]) and len(section) > 12:
            yield from _described(section)


def _described(section: bytes) -> Iterator[bytes]:
    end = min(len(section), 3 + (int.from_bytes(section[1:3], "big") & 0xFFF) - 4)
    at = 12 + (int.from_bytes(section[10:12], "big") & 0xFFF)
    while at + 5 <= end:
        stop = at + 5 + (int.from_bytes(section[at + 3 : at + 5], "big") & 0xFFF)
        inner = at + 5
        while inner + 2 <= min(stop, end):
            tag, size = section[inner], section[inner + 1]
            if tag == DESCRIPTOR and size >= 5:
                yield section[inner + 2 : inner + 2 + size]
            inner += 2 + size
        at = stop
