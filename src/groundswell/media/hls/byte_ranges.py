"""What a clip's HLS tracks are made of: files of our own, and byte ranges of the title's."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from groundswell.media.errors import writing
from groundswell.media.isobmff.init_segment import InitSegment
from groundswell.media.isobmff.movie_fragment import Part, Sample, write_fragment
from groundswell.media.model import Frozen
from groundswell.media.times import SECOND_US

from .package import PackagedTrack


class ByteRange(Frozen):
    """A file made for the clip (``made``), or ``size`` bytes from ``offset`` on of one of the package's files."""

    file: str
    made: bool
    offset: int = 0
    size: int
    duration_us: int = 0


class ExactTrack(Frozen):
    """One track of an exact clip. ``about`` is the title's track it was made of, under the clip's own codec name."""

    about: PackagedTrack
    init: ByteRange
    pieces: tuple[ByteRange, ...]

    @property
    def bandwidth(self) -> int:
        """Peak bits a second over pieces, but for slivers, which would say nothing."""
        whole = [p for p in self.pieces if p.duration_us >= SECOND_US] or self.pieces
        return max(p.size * 8 * SECOND_US // max(p.duration_us, SECOND_US) for p in whole)


def made_piece(folder: Path, name: str, data: bytes, duration_us: int = 0) -> ByteRange:
    """A piece written to a folder. Raises ``disk_full`` or ``cannot_write``."""
    try:
        (folder / name).write_bytes(data)
    except OSError as error:
        raise writing(error) from error
    return ByteRange(file=name, made=True, size=len(data), duration_us=duration_us)


def read_sample(file: BinaryIO, sample: Sample) -> bytes:
    """Raises ``ValueError`` where the file ends first."""
    file.seek(sample.offset)
    data = file.read(sample.size)
    if len(data) != sample.size:
        raise ValueError("a sample lies past the end of its file")
    return data


def fragment_of(init: InitSegment, number: int, parts: list[Part]) -> bytes:
    """One fragment. Raises ``ValueError`` for times that players would not take."""
    if any(a.dts >= b.dts for a, b in pairwise(parts)) or parts[0].dts < 0:
        raise ValueError("decoding times do not rise")
    return write_fragment(init.track, number, parts, init.late)
