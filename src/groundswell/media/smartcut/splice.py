"""Where to cut: which packets can be copied as they are, which frames must be encoded again.

Pure: works on presentation times and flags alone.

A clip is *head*, *body*, *tail*. The body is a run of packets, in decoding order, copied bit for bit. It begins
with a picture at which a decoder can start afresh, and ends as late as possible: at the longest prefix (in
decoding order) whose pictures are shown without a gap and all before the end. The few frames before it (head)
and after it (tail) are encoded again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Splice:
    """``copied`` numbers the packets to copy; ``head`` and ``tail`` are the pts of the frames to encode."""

    copied: tuple[int, ...]
    head: tuple[int, ...]
    tail: tuple[int, ...]


@dataclass(frozen=True)
class Picture:
    """What the plan must know of a packet.

    ``clean``: decoding can start afresh here. ``sheds``: pictures that come after it but are shown before it may
    be left out then (the leading pictures of an open GOP, to which nothing else refers).
    """

    pts: int
    clean: bool
    shown: bool = True
    sheds: bool = False


def plan(pictures: Sequence[Picture], wanted: Sequence[int]) -> Splice | None:
    """How to make a clip of the frames ``wanted`` (sorted pts) from ``pictures`` in decoding order.

    None when there is no body: no clean picture among the wanted, or nothing copyable from it on.
    """
    for first in _starts(pictures, wanted):
        begin = pictures[first].pts
        left = [n for n in range(first, len(pictures)) if pictures[n].pts >= begin]
        copied = left[: _copyable([pictures[n] for n in left], wanted)]
        if copied:
            end = max(pictures[n].pts for n in copied)
            head = tuple(t for t in wanted if t < begin)
            tail = tuple(t for t in wanted if t > end)
            return Splice(tuple(copied), head, tail)
    return None


def _starts(pictures: Sequence[Picture], wanted: Sequence[int]) -> Iterator[int]:
    """Numbers of wanted clean pictures that part the order of display as they part the order of decoding."""
    if not wanted:
        return
    later: list[int] = [0] * len(pictures)
    least: int | None = None
    for n in range(len(pictures) - 1, -1, -1):
        least = pictures[n].pts if least is None else min(least, pictures[n].pts)
        later[n] = least
    most: int | None = None
    for n, picture in enumerate(pictures):
        parts = (picture.sheds or later[n] == picture.pts) and (most is None or most < picture.pts)
        if picture.clean and picture.shown and wanted[0] <= picture.pts <= wanted[-1] and parts:
            yield n
        most = picture.pts if most is None else max(most, picture.pts)


def _copyable(run: Sequence[Picture], wanted: Sequence[int]) -> int:
    """How many packets of a run form the longest prefix that is shown without a gap before the end."""
    rest = [t for t in wanted if t >= run[0].pts]
    best, most = 0, run[0].pts
    for n, picture in enumerate(run):
        if not picture.shown or n >= len(rest):
            break
        most = max(most, picture.pts)
        if most > rest[-1]:
            break
        if most == rest[n]:
            best = n + 1
    return best
