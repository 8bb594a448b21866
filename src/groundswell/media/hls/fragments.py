"""Fragmented MP4 (CMAF) on a title's own timeline: write it, find its parts.

A fragment's decoding time (``tfdt``) is the time its first picture is shown: players place segments by it. Pictures
are reordered for decoding, so their raw times are later by a constant, which an edit list in the init segment takes off
again. (Signed composition offsets would do without, but FFmpeg, and all that is built on it, misreads them here.)
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from av.container import OutputContainer

from groundswell.media.errors import writing
from groundswell.media.isobmff import boxes
from groundswell.media.isobmff.init_segment import InitSegment, with_edit_list
from groundswell.media.isobmff.movie_fragment import Sample, read_samples
from groundswell.media.output.mux import mp4

FLAGS = "+empty_moov+default_base_moof+frag_discont"


@dataclass(frozen=True)
class Fragment:
    """One moof and its mdat: where in the file, when it decodes first (``tfdt``) and how long it lasts, in ticks."""

    offset: int
    size: int
    time: int
    length: int


@dataclass(frozen=True)
class Coded:
    """A fragment with its samples in decoding order."""

    offset: int
    size: int
    samples: tuple[Sample, ...]

    @property
    def first_shown(self) -> int:
        return min(s.pts for s in self.samples)

    @property
    def delay(self) -> int:
        """By how much decoding times are ahead of the order of display: none in packages of our own."""
        return self.first_shown - self.samples[0].dts


class _WithEditList:
    """Takes an MP4 as it is written, and lets it through with an edit list in its moov."""

    def __init__(self, file: BinaryIO, late: int) -> None:
        self._file, self._late = file, late
        self._held: bytearray | None = bytearray()

    def write(self, data: bytes) -> int:
        if self._held is None:
            return self._file.write(data)
        self._held += data
        top = list(boxes.boxes(bytes(self._held)))
        if top and top[-1].kind == "moov":
            self._file.write(with_edit_list(bytes(self._held[: top[-1].end]), self._late))
            self._file.write(self._held[top[-1].end :])
            self._held = None
        return len(data)


@contextmanager
def fragmented(path: Path, timescale: int, *, each_s: int | None, late: int = 0) -> Iterator[OutputContainer]:
    """A fragmented MP4 for one track. A fragment begins at every keyframe, or every ``each_s`` seconds. Raw
    presentation times given to it are later by ``late`` ticks than pictures are to be shown."""
    options = {
        "movflags": FLAGS + ("+frag_keyframe" if each_s is None else ""),
        "use_editlist": "0",
        "avoid_negative_ts": "disabled",
        "video_track_timescale": str(timescale),
    }
    if each_s is not None:
        options["frag_duration"] = str(each_s * 1_000_000)
    try:
        file = path.open("wb")
    except OSError as error:
        raise writing(error) from error
    with file:
        with mp4(_WithEditList(file, late) if late else file, options) as output:
            yield output
        try:
            file.flush()
        except OSError as error:
            raise writing(error) from error


def find_fragments(path: Path) -> tuple[int, list[Fragment]]:
    """How many bytes the init segment has, and the fragments after it."""
    with path.open("rb") as file:
        init_size = next((at for at, _, kind in _boxes(file, 0, path.stat().st_size) if kind == b"moof"), 0)
        if not init_size:
            return 0, []
        file.seek(0)
        init = InitSegment.parse(file.read(init_size))
        found = []
        for coded in coded_fragments(file, init, [(init_size, path.stat().st_size - init_size)]):
            length = sum(s.duration for s in coded.samples)
            found.append(Fragment(coded.offset, coded.size, coded.samples[0].dts, length))
    return init_size, found


def coded_fragments(file: BinaryIO, init: InitSegment, ranges: Iterable[tuple[int, int]]) -> Iterator[Coded]:
    """The fragments in byte ranges (offset, size) of a file, reading no media. Raises ``ValueError`` where the file is
    not what the ranges say."""
    length_of_file = file.seek(0, os.SEEK_END)
    for start, size in ranges:
        if start + size > length_of_file:
            raise ValueError("the file is cut short")
        samples: list[Sample] = []
        begin = start
        for at, length, kind in _boxes(file, start, start + size):
            if kind == b"moof":
                begin = at
                file.seek(at + 8)
                samples = read_samples(file.read(length - 8), at, init.defaults, init.late)
            elif kind == b"mdat" and samples:
                yield Coded(begin, at + length - begin, tuple(samples))
                samples = []


def _boxes(file: BinaryIO, at: int, end: int) -> Iterator[tuple[int, int, bytes]]:
    """Offset, size and type of the boxes that begin between two places."""
    while at < end:
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            raise ValueError("an impossible box")
        size, kind = struct.unpack_from(">I4s", head)
        if size == 1 and len(head) == 16:
            (size,) = struct.unpack_from(">Q", head, 8)
        if size < 8 or at + size > end:
            raise ValueError("an impossible box")
        yield at, size, kind
        at += size
