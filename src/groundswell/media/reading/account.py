"""What a title's packets say is to be shown, to hold against what came out of the decoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from groundswell.media.errors import MediaError

Position = tuple[int, int]
"""Where in a title a frame is from: the number of its piece, and when it is shown, in ticks of the title's presentation
timeline."""


@dataclass
class FrameAccount:
    """The times (ticks of the title's presentation timeline) of the pictures whose packets were read, piece by piece;
    ``broken`` once a packet was damaged. ``whole`` is whether every picture has a packet with a time of its own."""

    whole: bool = True
    broken: bool = False
    seen: list[Position] = field(default_factory=list)
    """The frames that came out of the decoder."""
    _told: dict[int, list[int]] = field(default_factory=dict)
    _piece: int = 0
    _shift: int = 0

    def piece(self, number: int, shift: int) -> None:
        """What is read from here on belongs to a piece."""
        self._piece, self._shift = number, shift

    def start(self, lo: int) -> None:
        """Reading begins again, for pictures from ``lo`` (on the piece's own clock) on."""
        held = self._told.get(self._piece, [])
        self._told[self._piece] = [at for at in held if at < lo + self._shift]

    def tell(self, pts: int) -> None:
        self._told[self._piece].append(pts + self._shift)

    def see(self, pts: int) -> None:
        """A frame came out, shown at a time of the title's presentation timeline."""
        self.seen.append((self._piece, pts))

    def told(self, lo: int, hi: int) -> list[Position]:
        """The pictures that are to be shown, in order."""
        return [(n, at) for n in sorted(self._told) for at in sorted(self._told[n]) if lo <= at < hi]

    def shown(self, hi: int) -> list[Position]:
        """The frames that came out before a time."""
        return [(piece, at) for piece, at in self.seen if at < hi]


def check_positions(seen: Sequence[Position], told: Sequence[Position], *, whole: bool) -> None:
    """Raise ``check_failed`` unless the frames of a clip are the title's own, each once and in its order.

    ``told`` are the positions that the title's packets tell. Where ``whole`` is not asked for (packets are broken, or
    pictures have several) some may be missing.
    """
    n = 0
    for position in seen:
        while n < len(told) and told[n] < position:
            if whole and position != seen[0]:
                raise MediaError("check_failed", f"The picture shown at tick {told[n][1]} of the title is missing.")
            n += 1
        if n >= len(told) or told[n] != position:
            raise MediaError("check_failed", f"A picture at tick {position[1]} is none of the title's, or there twice.")
        n += 1
    if whole and n < len(told):
        raise MediaError("check_failed", f"The picture shown at tick {told[n][1]} of the title is missing.")
