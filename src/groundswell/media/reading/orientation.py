"""The display matrix of a track (ISO 14496-12, 8.3.2), as degrees and a mirror flag."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

from av.sidedata.sidedata import SideData, Type
from av.video.frame import VideoFrame

ONE = 1 << 16
"""One, in 16.16 fixed point."""


@dataclass(frozen=True)
class Orientation:
    """How a player turns the coded picture: first mirrored left to right, then turned clockwise."""

    degrees: int = 0
    mirrored: bool = False
    matrix: tuple[int, ...] | None = None

    @property
    def swaps_sides(self) -> bool:
        return self.degrees in (90, 270)

    @property
    def filters(self) -> tuple[tuple[str, str], ...]:
        """FFmpeg filters that bake the orientation into the picture."""
        turn = {
            0: (),
            90: (("transpose", "clock"),),
            180: (("hflip", ""), ("vflip", "")),
            270: (("transpose", "cclock"),),
        }
        return ((("hflip", ""),) if self.mirrored else ()) + turn[self.degrees]


def orientation_of(frame: VideoFrame) -> Orientation:
    """Read the display matrix that FFmpeg attaches to decoded frames."""
    side: SideData
    try:
        for side in frame.side_data:  # type: ignore[assignment]  # iterating gives the data, not its keys
            if side.type == Type.DISPLAYMATRIX and side.buffer_size >= 36:
                return from_matrix(struct.unpack_from("=9i", bytes(side)))
    except ValueError:  # PyAV knows no side data but what its own list names: not Exif, not the views of MV-HEVC
        return turned(-frame.rotation)
    return Orientation()


def turned(degrees: int) -> Orientation:
    """Turned clockwise, to the nearest right angle."""
    degrees = round(degrees / 90) * 90 % 360
    if degrees == 0:
        return Orientation()
    cos, sin = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
    return Orientation(degrees, False, (cos * ONE, sin * ONE, 0, -sin * ONE, cos * ONE, 0, 0, 0, 1 << 30))


def from_matrix(matrix: tuple[int, ...]) -> Orientation:
    """Matrix of nine 16.16/2.30 fixed-point numbers, row by row, as in ``tkhd``."""
    a, b, _, c, d = matrix[:5]
    mirrored = a * d - b * c < 0
    if mirrored:
        a, b = -a, -b
    if a == 0 and b == 0:
        return Orientation()
    degrees = round(math.degrees(math.atan2(b, a)) / 90) * 90 % 360
    return Orientation(degrees, mirrored, matrix)
