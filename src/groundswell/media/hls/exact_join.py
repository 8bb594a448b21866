"""Times and bytes of the fragments made for a clip, so that they join the title's own without a seam."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import groupby, pairwise
from pathlib import Path

from groundswell.media.errors import MediaError
from groundswell.media.isobmff.movie_fragment import Part
from groundswell.media.output.check import Witness
from groundswell.media.reading.packets import CannotCopy, Packets
from groundswell.media.times import to_us

from .byte_ranges import ByteRange, ExactTrack, fragment_of, made_piece
from .exact_check import check_joint
from .fragments import Coded
from .package import PackagedTrack
from .packaged_track import TrackStretch


def decoding_times(pts: Sequence[int], delay: int, *, after: int | None = None, before: int | None = None) -> list[int]:
    """Decoding times for pictures shown at ``pts``, given in decoding order: the times of the order of display, earlier
    by ``delay``. (Composition offsets are signed.) They rise, from past ``after`` on to short of ``before``.

    Raises `CannotCopy` when there is no room for that.
    """
    times = [shown - delay for shown in sorted(pts)]
    for n in range(len(times)):
        if before is not None:
            times[n] = min(times[n], before - len(times) + n)
        if after is not None:
            times[n] = max(times[n], (times[n - 1] if n else after) + 1)
    if times[0] < 0 or (before is not None and times[-1] >= before):
        raise CannotCopy("times")
    return times


def timed(stretch: TrackStretch, packets: Packets, following: Coded | None, previous: Coded | None) -> list[Part]:
    """Packets in decoding order as they stand between two of the title's fragments."""
    if not packets:
        return []
    pts = [p.pts or 0 for p in packets]
    before = following.samples[0].dts if following else None
    after = previous.samples[-1].dts if previous else None
    delay = (following or stretch.holding(min(pts))).delay
    dts = decoding_times(pts, delay, after=after, before=before)
    last = before - dts[-1] if before is not None else max(1, stretch.stop - max(pts))
    lengths = [*(b - a for a, b in pairwise(dts)), last]
    return [
        Part(at, decoded, length, p.is_keyframe, memoryview(p))
        for p, at, decoded, length in zip(packets, pts, dts, lengths, strict=True)
    ]


class Joined:
    """A clip's picture: ``head``, the title's fragments ``middle``, ``tail``, after one init segment."""

    def __init__(self, stretch: TrackStretch, record: bytes, head: Packets, middle: list[Coded], tail: Packets) -> None:
        self._stretch, self._middle = stretch, middle
        first, last = (middle[0], middle[-1]) if middle else (None, None)
        self._head, self._tail = timed(stretch, head, first, None), timed(stretch, tail, None, last)
        self._init = stretch.init.with_record(record) if head or tail else b""
        self._head_bytes = fragment_of(stretch.init, 1, self._head) if head else b""
        self._tail_bytes = fragment_of(stretch.init, 2, self._tail) if tail else b""

    def check(self, witnesses: dict[int, Witness]) -> None:
        """Raise ``check_failed`` unless all frames are there and what was made reads back between its neighbours."""
        middle = [s.pts for f in self._middle for s in f.samples]
        head, tail = [p.pts for p in self._head], [p.pts for p in self._tail]
        if sorted([*head, *middle, *tail]) != self._stretch.wanted:
            raise MediaError("check_failed", "Frames are missing or doubled.")
        if head:
            near = self._middle[:1]
            shown = [*head, *(s.pts for f in near for s in f.samples)]
            check_joint(self._init + self._head_bytes + self._bytes(near), shown, witnesses)
        if tail:
            near = self._middle[-1:] if min(tail) < tail[0] else []
            begin = near[0].samples[0].pts if near else min(tail)
            shown = [*(s.pts for f in near for s in f.samples), *tail]
            check_joint(self._init + self._bytes(near) + self._tail_bytes, shown, witnesses, begin=begin)

    def _bytes(self, fragments: list[Coded]) -> bytes:
        return b"".join(self._stretch.bytes_of(f) for f in fragments)

    def write(self, about: PackagedTrack, segments: Sequence[tuple[int, int]], folder: Path) -> ExactTrack:
        """The files made, in ``folder``, and the byte ranges between, no more of them than the title has segments."""
        name, scale = Path(about.file).stem, self._stretch.tick
        init = ByteRange(file=about.file, made=False, size=about.init_size)
        if self._init:
            init = made_piece(folder, f"{name}.init.mp4", self._init)
        runs = [list(run) for _, run in groupby(self._middle, lambda f: bisect_right(segments, (f.offset, 1 << 62)))]
        begins = [
            *([min(p.pts for p in self._head)] if self._head else []),
            *(run[0].first_shown for run in runs),
            *([min(p.pts for p in self._tail)] if self._tail else []),
            self._stretch.stop,
        ]
        lengths = iter([to_us((b - a) * scale) for a, b in pairwise(begins)])
        pieces = []
        if self._head:
            pieces.append(made_piece(folder, f"{name}.head.m4s", self._head_bytes, next(lengths)))
        for run in runs:
            size = run[-1].offset + run[-1].size - run[0].offset
            pieces.append(
                ByteRange(file=about.file, made=False, offset=run[0].offset, size=size, duration_us=next(lengths))
            )
        if self._tail:
            pieces.append(made_piece(folder, f"{name}.tail.m4s", self._tail_bytes, next(lengths)))
        return ExactTrack(about=about, init=init, pieces=tuple(pieces))
