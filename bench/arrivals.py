"""A load generator that asks so many times a second, whatever becomes of it: what people do who do not wait.

``load`` asks again when it was answered, so it asks less of what is slow. Here requests fall due at a rate; each is
sent over a free connection, and its latency counts from when it was due. Where none is free it is ``missed``. Those
that the server closes, since nothing is asked over them, are opened again.
"""

import asyncio
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import cast

from bench.load import LENGTH

TICK_S = 0.002
AGAIN = 5
"""Connections that are opened again in a tick."""
LAST_S = 30


@dataclass
class Answers:
    """What came of the requests of one kind: latencies in seconds, by status; each with the instant of its answer."""

    latencies: defaultdict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    at: defaultdict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    without_retry_after: int = 0

    def served(self) -> list[float]:
        return [each for status, found in self.latencies.items() if status < 400 for each in found]

    def refused(self) -> list[float]:
        return [each for status in (429, 503) for each in self.latencies.get(status, [])]

    def others(self) -> int:
        """Answers that neither serve nor refuse."""
        return sum(len(found) for status, found in self.latencies.items() if status >= 400 and status not in (429, 503))


@dataclass
class Arrivals:
    """What came of a run, by kind of request."""

    seconds: float = 0.0
    kinds: defaultdict[str, Answers] = field(default_factory=lambda: defaultdict(Answers))
    offered: Counter[str] = field(default_factory=Counter)
    missed: int = 0

    def served(self) -> list[float]:
        return [each for answers in self.kinds.values() for each in answers.served()]

    def refused(self) -> list[float]:
        return [each for answers in self.kinds.values() for each in answers.refused()]


def percentile(latencies: list[float], part: float) -> float:
    """A latency that ``part`` of them did not exceed; 0 of none."""
    ordered = sorted(latencies)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


class _Caller(asyncio.Protocol):
    """One connection, asking what it is given."""

    def __init__(self, arrivals: Arrivals, free: "deque[_Caller]", callers: "set[_Caller]") -> None:
        self.arrivals, self.free, self.callers = arrivals, free, callers
        self.kind, self.due, self.received = "", 0.0, b""
        self.busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.callers.add(self)
        self.free.append(self)

    def ask(self, kind: str, request: bytes, due: float) -> None:
        self.kind, self.due, self.busy = kind, due, True
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.received += data
        head = self.received.find(b"\r\n\r\n")
        if head < 0 or not self._is_whole(head):
            return
        now, status = time.perf_counter(), int(self.received[9:12])
        answers = self.arrivals.kinds[self.kind]
        answers.latencies[status].append(now - self.due)
        answers.at[status].append(now)
        if status in (429, 503) and b"retry-after:" not in self.received[:head].lower():
            answers.without_retry_after += 1
        self.received, self.busy = b"", False
        self.free.append(self)

    def _is_whole(self, head: int) -> bool:
        if b"chunked" in self.received[:head]:
            return self.received.endswith(b"0\r\n\r\n")
        length = LENGTH.search(self.received, 0, head + 2)
        return len(self.received) >= head + 4 + (int(length[1]) if length else 0)

    def connection_lost(self, error: Exception | None) -> None:
        self.callers.discard(self)
        if self.busy:
            self.busy = False
            self.arrivals.kinds[self.kind].latencies[599].append(time.perf_counter() - self.due)
        elif self in self.free:
            self.free.remove(self)


async def arrive(
    host: str, port: int, requests: Iterator[tuple[str, bytes]], rate: float, connections: int, seconds: float
) -> Arrivals:
    """Ask ``host`` ``rate`` times a second for so long, over so many connections; each request comes with its kind."""
    arrivals, free, loop = Arrivals(), deque[_Caller](), asyncio.get_running_loop()
    callers: set[_Caller] = set()

    async def connect() -> None:
        with suppress(OSError):
            await loop.create_connection(lambda: _Caller(arrivals, free, callers), host, port)

    await asyncio.gather(*(connect() for _ in range(connections)))
    again: set[asyncio.Task[None]] = set()
    began, sent = time.perf_counter(), 0
    while (now := time.perf_counter()) < began + seconds:
        while (due := began + sent / rate) <= now:
            kind, request = next(requests)
            arrivals.offered[kind] += 1
            sent += 1
            if free:
                free.pop().ask(kind, request, due)  # the one used last: what is idle for long, servers close
            else:
                arrivals.missed += 1
        for _ in range(min(AGAIN, connections - len(callers) - len(again))):
            task = asyncio.create_task(connect())
            again.add(task)
            task.add_done_callback(again.discard)
        await asyncio.sleep(TICK_S)
    arrivals.seconds = time.perf_counter() - began
    while any(each.busy for each in callers) and time.perf_counter() < began + seconds + LAST_S:  # noqa: ASYNC110
        await asyncio.sleep(0.05)  # what was asked last is answered, too
    for each in list(callers):
        each.transport.close()
    return arrivals
