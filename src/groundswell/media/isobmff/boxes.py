"""Just enough of ISO 14496-12 (MP4, MOV): walk boxes, find out what FFmpeg does not tell.

Sizes in the file are not trusted: a box never reaches past its parent, and nothing is read whole but
``moov``, and that only up to a limit.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from groundswell.media.remote import opened, size_of

MOOV_LIMIT = 64 << 20

PICTURES = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2", b"avif", b"miaf"})


@dataclass(frozen=True)
class Box:
    kind: str
    start: int
    """Offset of the payload."""
    end: int
    declared_end: int = 0
    """Where the box says it ends, which may be past the end of the file."""


def boxes(data: bytes | memoryview, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes that lie in ``data[start:end]``, in order, stopping at the first impossible size."""
    end = len(data) if end is None else end
    while end - start >= 8:
        size, kind = struct.unpack_from(">I4s", data, start)
        header = 8
        if size == 1 and end - start >= 16:
            (size,) = struct.unpack_from(">Q", data, start + 8)
            header = 16
        elif size == 0:
            size = end - start
        if size < header or size > end - start:
            return
        yield Box(kind.decode("latin1"), start + header, start + size)
        start += size


def box(kind: str, payload: bytes) -> bytes:
    """A box to be written."""
    return struct.pack(">I4s", len(payload) + 8, kind.encode("latin1")) + payload


def find(data: bytes | memoryview, *path: str, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """Every box at ``path`` below ``data[start:end]``."""
    for box in boxes(data, start, end):
        if box.kind == path[0]:
            if len(path) == 1:
                yield box
            else:
                yield from find(data, *path[1:], start=box.start, end=box.end)


def top_level(path: Path) -> list[Box]:
    """The outermost boxes of a file, reading headers alone. Offsets are into the file."""
    found: list[Box] = []
    size = size_of(path)
    with opened(path) as file:
        at = 0
        while size - at >= 8 and len(found) < 100_000:
            file.seek(at)
            head = file.read(16)
            length, kind = struct.unpack_from(">I4s", head)
            header = 8
            if length == 1 and len(head) == 16:
                (length,) = struct.unpack_from(">Q", head, 8)
                header = 16
            elif length == 0:
                length = size - at
            if length < header:
                break
            found.append(Box(kind.decode("latin1"), at + header, min(at + length, size), at + length))
            at += length
    return found


def is_cut_short(path: Path) -> bool:
    """Whether the file ends before its last box does."""
    found = top_level(path)
    size = size_of(path)
    at = found[-1].end if found else 0
    return at >= size and bool(found) and found[-1].declared_end > size


def is_picture(path: Path) -> bool:
    """Whether a file says of itself that it is a still picture (HEIF, AVIF)."""
    first = next(iter(top_level(path)), None)
    if first is None or first.kind != "ftyp":
        return False
    with opened(path) as file:
        file.seek(first.start)
        return file.read(4) in PICTURES


def read_moov(path: Path) -> bytes:
    """The payload of the first ``moov``, or nothing when there is none or it is unreasonably large."""
    for box in top_level(path):
        if box.kind == "moov" and box.end - box.start <= MOOV_LIMIT:
            with opened(path) as file:
                file.seek(box.start)
                return file.read(box.end - box.start)
    return b""


def has_edit_list(moov: bytes) -> bool:
    return next(find(moov, "trak", "edts", "elst"), None) is not None


def is_fragmented(moov: bytes) -> bool:
    return next(find(moov, "mvex"), None) is not None
