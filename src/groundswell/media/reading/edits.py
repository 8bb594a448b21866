"""Edit lists of several edits (ISO 14496-12, 8.6.6): which pictures are shown, and when.

FFmpeg lays edits out as it reads the index: a picture shown keeps its place, what an edit needs for decoding alone is
marked to be discarded. Its index is out of order then, and seeking by it goes astray. So pictures are read by the plain
index (``ignore_editlist``), piece by piece, and shown when FFmpeg's edited index says, which is when players show them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, repeat

from av.index import IndexEntry
from av.video.stream import VideoStream

from groundswell.media.isobmff import boxes
from groundswell.media.timeline import PLAIN, Piece, Timeline, Window

LOOKED_AT = 16


def has_several_edits(moov: bytes, handler: bytes = b"vide") -> bool:
    """Whether a track (of pictures, or of sound: ``soun``) shows more than one stretch of its media."""
    return any(
        len([start for _, start in _edits(moov, trak) if start >= 0]) > 1
        for trak in boxes.find(moov, "trak")
        if _handler(moov, trak) == handler
    )


def _handler(moov: bytes, trak: boxes.Box) -> bytes:
    hdlr = next(boxes.find(moov, "mdia", "hdlr", start=trak.start, end=trak.end), None)
    return b"" if hdlr is None else bytes(moov[hdlr.start + 8 : hdlr.start + 12])


def _edits(moov: bytes, trak: boxes.Box) -> Iterator[tuple[int, int]]:
    """Duration and media time of every edit; a media time below 0 shows nothing."""
    elst = next(boxes.find(moov, "edts", "elst", start=trak.start, end=trak.end), None)
    if elst is None or elst.end - elst.start < 8:
        return
    row = struct.Struct(">QqI" if moov[elst.start] == 1 else ">IiI")
    (count,) = struct.unpack_from(">I", moov, elst.start + 4)
    held = moov[elst.start + 8 : elst.end]
    for n in range(min(count, len(held) // row.size)):
        duration, start, _ = row.unpack_from(held, n * row.size)
        yield duration, start


def hides(track: VideoStream) -> bool:
    """Whether pictures at either end of a track are not to be shown."""
    entries = track.index_entries
    ends = {*range(min(LOOKED_AT, len(entries))), *range(max(0, len(entries) - LOOKED_AT), len(entries))}
    return any(entries[n].is_discard for n in ends)


def edited(moov: bytes, shown: VideoStream, stored: VideoStream) -> Timeline:
    """The timeline of a track, given with its edit list applied (``shown``) and as it is stored."""
    order = {entry.pos: (n, entry.timestamp) for n, entry in enumerate(stored.index_entries)}
    runs = list(_runs(iter(shown.index_entries), order))
    if len(runs) < 2 and not any(run.hidden for run in runs):
        return PLAIN
    offsets = _composition_offsets(moov, shown.id, len(order))
    rate = shown.average_rate or shown.guessed_rate
    step = round(1 / rate / shown.time_base) if rate and shown.time_base else 1
    pieces = [_piece(run, [offsets[n] + at for n, at in run.kept], step) for run in runs if run.kept]
    return Timeline(tuple(sorted(pieces, key=lambda piece: piece.begin)))


def _piece(run: _Run, shown: list[int], step: int) -> Piece:
    return Piece(min(shown) + run.shift, max(shown) + run.shift + step, run.shift, run.window)


@dataclass(order=True)
class _Run:
    """Samples that follow each other in the file's own order, as (number, decoding time) where they are shown."""

    next: int
    first: int
    shift: int = 0
    stop: int = 0
    kept: list[tuple[int, int]] = field(default_factory=list)
    hidden: list[int] = field(default_factory=list)

    @property
    def window(self) -> Window:
        return Window("dts", self.first, self.stop, (), frozenset(self.hidden))


def _runs(entries: Iterator[IndexEntry], order: dict[int, tuple[int, int]]) -> Iterator[_Run]:
    run: _Run | None = None
    for entry in entries:
        if entry.pos not in order:
            continue
        number, at = order[entry.pos]
        moved = not entry.is_discard and run is not None and run.kept and entry.timestamp - at != run.shift
        if run is None or number != run.next or moved:
            if run is not None:
                yield run
            run = _Run(number, at)
        run.next, run.stop = number + 1, at + 1
        if entry.is_discard:
            run.hidden.append(entry.pos)
        else:
            run.shift = entry.timestamp - at
            run.kept.append((number, at))
    if run is not None:
        yield run


def _composition_offsets(moov: bytes, track: int, count: int) -> list[int]:
    """By how many ticks each sample is shown later than it is decoded, as FFmpeg has it: none below 0."""
    stbl = ("mdia", "minf", "stbl", "ctts")
    found: list[int] = []
    for trak in boxes.find(moov, "trak"):
        tkhd = next(boxes.find(moov, "tkhd", start=trak.start, end=trak.end), None)
        if tkhd is None or struct.unpack_from(">I", moov, tkhd.start + (20 if moov[tkhd.start] else 12))[0] != track:
            continue
        for ctts in boxes.find(moov, *stbl, start=trak.start, end=trak.end):
            (rows,) = struct.unpack_from(">I", moov, ctts.start + 4)
            rows = min(rows, (ctts.end - ctts.start - 8) // 8)
            pairs = struct.iter_unpack(">Ii", moov[ctts.start + 8 : ctts.start + 8 + 8 * rows])
            found = list(chain.from_iterable(repeat(offset, min(times, count)) for times, offset in pairs))[:count]
    found += [0] * (count - len(found))
    least = min(found, default=0)
    return [offset - least for offset in found] if least < 0 else found
