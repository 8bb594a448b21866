"""Files whose times are not one rising run: streams put together of pieces, with clocks that start again, leap, overlap
or pass the wrap of 33 bits; MP4s with edit lists. What they show is known from how they are made."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain
from pathlib import Path

from groundswell.media.isobmff import boxes
from tests.media.exactness import origin_of
from tests.media.film import Film, make, numbers

CLOCK = 90_000
WRAP = 1 << 33
PACKET = 188


@dataclass(frozen=True)
class Shown:
    """A frame as it should be shown: seconds on the title's timeline, its number, and its piece."""

    at: Fraction
    number: int
    piece: int


@dataclass(frozen=True)
class Made:
    """A file with what it shows: frames, when the last ends, and when bursts of sound are heard."""

    path: Path
    frames: list[Shown]
    end: Fraction
    bursts: list[Fraction]


def stream(films: list[Film], gaps: list[Fraction], folder: Path, shift: int = 0, drops: Stamps | None = None) -> Made:
    """Transport streams one after the other. ``gaps``: for each but the first, the seconds between the end of the film
    before and its beginning on the stream's own clock; below 0 it starts again or overlaps, and beyond ten it leaps:
    then it is shown when the film before has ended. ``shift`` is added to the clock, modulo its wrap."""
    data, frames, bursts = b"", list[Shown](), list[Fraction]()
    shown, told = Fraction(0), Fraction(100)
    for n, film in enumerate(films):
        gap = gaps[n - 1] if n else Fraction(0)
        if n:
            told += gap
            shown += gap if 0 <= gap <= 10 else 0
        path = make(replace(film, start=told), folder / f"piece{n}")
        if not n:
            shown = numbers(path)[0][0] - origin_of(path)
        data += path.read_bytes()
        frames += [Shown(shown + film.seconds(k), film.first + k, n) for k in range(film.frames)]
        length = film.frames / film.rate
        halves = range(int(length * 2) + 1) if film.audio else range(0)
        bursts += [shown + Fraction(k, 2) for k in halves if length - Fraction(k, 2) > Fraction(1, 20)]
        shown, told = shown + length, told + length
    whole = bytearray(data)
    if drops is not None:
        restamped(whole, drops)
    if shift:
        restamped(whole, lambda pes, pts, dts: ((pts + shift) % WRAP, None if dts is None else (dts + shift) % WRAP))
        _shift_references(whole, shift)
    path = folder / "stream.ts"
    path.write_bytes(whole)
    return Made(path, frames, shown, bursts)


Stamps = Callable[[int, int, "int | None"], "tuple[int | None, int | None]"]
"""What becomes of the n-th picture's presentation and decoding time."""


def restamped(data: bytearray, stamps: Stamps) -> None:
    """Write other times into the headers of a stream's packets, in place; None leaves out what there was. Pictures are
    counted, sound is not (its number is -1)."""
    count = 0
    for at in _pes(data):
        picture = 0xE0 <= data[at + 3] <= 0xEF
        flags = data[at + 7] >> 6
        if flags < 2:
            continue
        pts, dts = _stamp(data, at + 9), _stamp(data, at + 14) if flags == 3 else None
        new_pts, new_dts = stamps(count if picture else -1, pts, dts)
        count += picture
        data[at + 7] = data[at + 7] & 0x3F | (0 if new_pts is None else 0x80 if new_dts is None else 0xC0)
        data[at + 9 : at + 9 + (10 if flags == 3 else 5)] = b"\xff" * (10 if flags == 3 else 5)
        if new_pts is not None:
            data[at + 9 : at + 14] = _coded(new_pts, 2 if new_dts is None else 3)
        if new_pts is not None and new_dts is not None:
            data[at + 14 : at + 19] = _coded(new_dts, 1)


def _pes(data: bytearray) -> Iterator[int]:
    """Where the headers of packets of pictures and sound begin."""
    for start in range(0, len(data) - PACKET + 1, PACKET):
        if not data[start + 1] & 0x40:
            continue
        control = data[start + 3] >> 4 & 3
        at = start + 4 + (1 + data[start + 4] if control & 2 else 0)
        if control & 1 and data[at : at + 3] == b"\0\0\1" and 0xC0 <= data[at + 3] <= 0xEF:
            yield at


def _shift_references(data: bytearray, by: int) -> None:
    for start in range(0, len(data) - PACKET + 1, PACKET):
        if data[start + 3] & 0x20 and data[start + 4] and data[start + 5] & 0x10:
            at = start + 6
            base = int.from_bytes(data[at : at + 6], "big") >> 15
            low = int.from_bytes(data[at : at + 6], "big") & 0x7FFF
            data[at : at + 6] = ((base + by) % WRAP << 15 | low).to_bytes(6, "big")


def _stamp(data: bytearray, at: int) -> int:
    high, middle = data[at] >> 1 & 7, data[at + 1] << 7 | data[at + 2] >> 1
    return high << 30 | middle << 15 | data[at + 3] << 7 | data[at + 4] >> 1


def _coded(value: int, lead: int) -> bytes:
    return bytes(
        [
            lead << 4 | (value >> 30 & 7) << 1 | 1,
            value >> 22 & 0xFF,
            (value >> 15 & 0x7F) << 1 | 1,
            value >> 7 & 0xFF,
            (value & 0x7F) << 1 | 1,
        ]
    )


def with_edits(film: Path, edits: list[tuple[Fraction, Fraction]], path: Path) -> Path:
    """A film in MP4 (its index last) that shows only stretches of itself, each (start, seconds), picture and sound."""
    data = film.read_bytes()
    moov = next(boxes.find(data, "moov"))
    assert moov.end == len(data), "the index has to be last, so that nothing moves when it grows"
    inside = b""
    (scale,) = struct.unpack_from(">I", data, next(boxes.find(data, "moov", "mvhd")).start + 12)
    for box in boxes.boxes(data, moov.start, moov.end):
        body = data[box.start : box.end]
        inside += boxes.box(box.kind, _edited(body, edits, scale) if box.kind == "trak" else body)
    path.write_bytes(data[: moov.start - 8] + boxes.box("moov", inside))
    return path


def _edited(trak: bytes, edits: list[tuple[Fraction, Fraction]], scale: int) -> bytes:
    (ticks,) = struct.unpack_from(">I", trak, next(boxes.find(trak, "mdia", "mdhd")).start + 12)
    elst = next(boxes.find(trak, "edts", "elst"), None)
    first = 0 if elst is None else struct.unpack_from(">i", trak, elst.start + 12)[0]
    spans = [(round(length * scale), first + round(start * ticks)) for start, length in edits]
    rows = [struct.pack(">IiI", *span, 1 << 16) for span in spans]
    edts = boxes.box("edts", boxes.box("elst", struct.pack(">II", 0, len(rows)) + b"".join(rows)))
    kept = [boxes.box(b.kind, trak[b.start : b.end]) for b in boxes.boxes(trak) if b.kind != "edts"]
    return b"".join(chain(kept[:1], [edts], kept[1:]))
