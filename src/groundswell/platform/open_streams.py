"""Streams that stay open (server-sent events): so many of one person, and so many of a process.

A stream holds a connection for as long as somebody listens, and no place among the requests that are worked on. So its
bound is a number: beyond it whoever asks is told so, and asks for the state itself instead.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from .problems import TooManyRequests


class TooManyStreams(TooManyRequests):
    code, title = "too_many_streams", "There are too many live streams open. Ask for the state itself instead."


class OpenStreams:
    """The open streams of one kind in this process: ``most`` in all, ``of_one`` of one listener."""

    def __init__(self, most: int, of_one: int) -> None:
        self.most, self.of_one = most, of_one
        self.open: Counter[str] = Counter()

    def is_full(self, who: str) -> bool:
        """Whether ``who``, or all together, have as many open as they may."""
        return self.open.total() >= self.most or self.open[who] >= self.of_one

    def check(self, who: str) -> None:
        """Return when one more may be opened.

        Raises:
            TooManyStreams: as it says.
        """
        if self.is_full(who):
            raise TooManyStreams(headers={"Retry-After": "30"})

    @contextmanager
    def one(self, who: str) -> Iterator[bool]:
        """Hold a stream's place for as long as the block lasts. False where there is none: of several that are asked
        for at once, each has passed ``check`` before one of them is open."""
        if self.is_full(who):
            yield False
            return
        self.open[who] += 1
        try:
            yield True
        finally:
            self.open[who] -= 1
            if not self.open[who]:
                del self.open[who]
