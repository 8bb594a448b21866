"""How much of a title a set of clips covers together. Pure. Times are integer microseconds; spans are [start, end)."""

from bisect import bisect_right
from collections.abc import Iterable

Span = tuple[int, int]


class IntervalUnion:
    """The union of some spans: disjoint, in order; what is covered twice counts once.

    Attributes:
        starts, ends: the disjoint spans, ascending.
        total_us: length of the union.
    """

    __slots__ = ("ends", "starts", "total_us")

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self.starts: list[int] = []
        self.ends: list[int] = []
        for start, end in sorted(spans):
            if start >= end:
                continue
            if self.ends and start <= self.ends[-1]:
                self.ends[-1] = max(self.ends[-1], end)
            else:
                self.starts.append(start)
                self.ends.append(end)
        self.total_us = sum(self.ends) - sum(self.starts)

    @property
    def spans(self) -> list[Span]:
        """The disjoint spans, ascending."""
        return list(zip(self.starts, self.ends, strict=True))

    def added(self, start: int, end: int) -> int:
        """How much longer the union becomes with [start, end)."""
        new = end - start
        at = bisect_right(self.ends, start)
        while at < len(self.starts) and self.starts[at] < end:
            new -= min(end, self.ends[at]) - max(start, self.starts[at])
            at += 1
        return new


NOTHING = IntervalUnion()
