"""A load generator: keep-alive connections that each send the next request as soon as the last is answered.

Requests are bytes prepared beforehand and answers are only looked at for their status line and length, so that on two
cores most of the machine is left to what is measured.
"""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


@dataclass
class Outcome:
    """What came of a run: answers by status, and the latency of each in seconds."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return sum(self.statuses.values()) / self.seconds

    def percentile(self, part: float) -> float:
        """A latency in seconds that ``part`` of the answers did not exceed."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


class Connection(asyncio.Protocol):
    """One connection, asking until the deadline or until there is nothing left to ask."""

    def __init__(self, requests: Iterator[bytes], deadline: float, outcome: Outcome) -> None:
        self.requests, self.deadline, self.outcome = requests, deadline, outcome
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.received = b""
        self.sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._ask()

    def _ask(self) -> None:
        self.sent_at = time.perf_counter()
        request = next(self.requests, None)
        if request is None or self.sent_at >= self.deadline:
            self.transport.close()
        else:
            self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.received += data
        head = self.received.find(b"\r\n\r\n")
        if head < 0:
            return
        length = LENGTH.search(self.received, 0, head + 2)
        if len(self.received) < head + 4 + (int(length[1]) if length else 0):
            return
        self.outcome.statuses[int(self.received[9:12])] += 1
        self.outcome.latencies.append(time.perf_counter() - self.sent_at)
        self.received = b""
        self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def load(host: str, port: int, requests: Iterator[bytes], connections: int, seconds: float) -> Outcome:
    """Ask ``host`` over so many connections at once, for ``seconds`` at most."""
    outcome = Outcome()
    began = time.perf_counter()
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda: Connection(requests, began + seconds, outcome), host, port)
        for _ in range(connections)
    ]
    await asyncio.gather(*[connection.done for _, connection in opened])
    outcome.seconds = time.perf_counter() - began
    return outcome
