"""Times on the frame grid: a clip begins and ends where a frame does. Pure."""

from dataclasses import dataclass
from fractions import Fraction

from groundswell.catalog.tables import Source

SECOND_US = 1_000_000
TICK_US = 1000
"""The coarsest ticks in which containers count: whole milliseconds, in Matroska."""


@dataclass(frozen=True)
class FrameGrid:
    """When the frames of a title begin. ``rate`` is in frames a second, None where it varies; ``first_us`` is when
    the first is shown, which is after 0 where the sound begins earlier."""

    rate: Fraction | None
    first_us: int
    duration_us: int

    @classmethod
    def of(cls, source: Source) -> "FrameGrid":
        """The grid of a ready source."""
        steady = source.frame_rate_num and source.frame_rate_den
        rate = Fraction(source.frame_rate_num or 0, source.frame_rate_den or 1) if steady else None
        video = (source.index or {}).get("video", {})
        return cls(rate, int(video.get("start_us", 0)), source.duration_us or 0)

    def nearest(self, us: int, rate: Fraction) -> int:
        """The number (from 0) of the frame that begins nearest to ``us``; of two equally near, the later."""
        return max(0, int(Fraction(us - self.first_us, SECOND_US) * rate + Fraction(1, 2)))

    def begins(self, number: int, rate: Fraction) -> int:
        """When frame ``number`` begins, in microseconds: never after the time its container gives it.

        Containers round frame times to their own ticks, some down and some to the nearest. Down to a whole
        millisecond is at or before both and after the frame before, so that the cut, which takes what begins at or
        after the time, takes exactly this frame first.
        """
        exact = self.first_us + Fraction(number) / rate * SECOND_US
        return max(0, int(exact // TICK_US) * TICK_US)


def snapped(start_us: int, end_us: int, grid: FrameGrid) -> tuple[int, int]:
    """The span nearest to [start_us, end_us) whose ends are frame times of the title; at least one frame long.

    A title without a steady frame rate keeps the times as asked for; the cut takes the frames between them anyway.
    The end is at most the end of the title.
    """
    if grid.rate is None:
        return start_us, min(end_us, grid.duration_us)
    first = grid.nearest(start_us, grid.rate)
    last = max(first + 1, grid.nearest(end_us, grid.rate))
    return grid.begins(first, grid.rate), min(grid.begins(last, grid.rate), grid.duration_us)
