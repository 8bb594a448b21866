"""The presentation timeline of a title whose file is not one run of rising times, as players build it.

A *piece* is a run of pictures on one clock: what lies between two resets of a transport stream's clock, or what one
edit of an MP4's edit list shows. A time presented is the piece's own time plus its ``shift``; pieces follow each other,
the last picture of one at times at the very instant of the first of the next. Where the file is one plain run there are
no pieces, and presented times are the container's own.

Pure data: `discontinuities` finds the pieces of streams, `edits` those of edit lists.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Measure = Literal["byte", "dts"]


@dataclass(frozen=True)
class Window:
    """Where in the file a run lies: packets with ``first <= place < stop``, a place being a byte offset or a decoding
    time in ticks. ``keys`` are keyframes to begin at, as (time, place), ``hidden`` byte offsets of pictures that are
    decoded and not shown."""

    by: Measure
    first: int
    stop: int | None
    keys: tuple[tuple[int, int], ...] = ()
    hidden: frozenset[int] = frozenset()

    def place(self, target: int | None) -> int:
        """Where to begin reading for a picture shown at ``target`` (ticks of the run's own clock)."""
        if target is None:
            return self.first
        at = bisect_right(self.keys, (target, 1 << 62)) - 1
        return self.keys[at][1] if at >= 0 else self.first


@dataclass(frozen=True)
class Piece:
    """Pictures on one clock, shown in ``[begin, end)``: ticks of the video track; ``end`` None: to the end."""

    begin: int
    end: int | None
    shift: int
    window: Window


@dataclass(frozen=True)
class SoundPiece:
    """One track's sound on one clock; ``shift`` in seconds. It is heard while the piece of pictures of the same number
    is shown."""

    piece: int
    shift: Fraction
    window: Window


@dataclass(frozen=True)
class TimelinePart:
    """What of a piece is shown in a stretch; ``lo`` and ``hi`` are in ticks of the piece's own clock."""

    number: int
    piece: Piece
    lo: int
    hi: int | None


@dataclass(frozen=True)
class Timeline:
    """``sound`` has the pieces of every audio track; none where sound follows the container's own times."""

    pieces: tuple[Piece, ...] = ()
    sound: tuple[tuple[SoundPiece, ...], ...] = ()

    @property
    def plain(self) -> bool:
        return not self.pieces

    @property
    def joins(self) -> tuple[int, ...]:
        """When pieces begin, but for the first: ticks of the video track."""
        return tuple(piece.begin for piece in self.pieces[1:])

    @property
    def end(self) -> int:
        """When the last picture ends, or begins where that is not known: ticks of the video track."""
        last = self.pieces[-1]
        return last.end if last.end is not None else last.begin

    @property
    def keys(self) -> tuple[int, ...]:
        """When the keyframes known are shown: ticks of the video track."""
        return tuple(at + piece.shift for piece in self.pieces for at, _ in piece.window.keys)

    def parts(self, lo: int, hi: int | None) -> Iterator[TimelinePart]:
        """What is shown in ``[lo, hi)``, piece after piece."""
        for number, piece in enumerate(self.pieces):
            begin = max(lo, piece.begin) if number else lo
            last = number == len(self.pieces) - 1
            ends = [end for end in (hi, None if last else piece.end) if end is not None]
            end = min(ends, default=None)
            if end is None or end > begin:
                yield TimelinePart(number, piece, begin - piece.shift, None if end is None else end - piece.shift)


PLAIN = Timeline()
