"""What a visitor gets, and the visit that must be on disk before they get it."""

from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from prometheus_client import Counter
from starlette.types import Send

from groundswell.events.log.event_log import EventLog
from groundswell.platform.problems import Problem

from .record import Arrival

RawHeaders = tuple[tuple[bytes, bytes], ...]


class DeferredResponse(NamedTuple):
    """A response that is ready but for its ``arrival`` being committed to ``log``."""

    log: EventLog
    arrival: Arrival
    status: int
    headers: RawHeaders
    body: bytes
    counted: Counter

    def commit(self, answered: Callable[[Problem | None], None]) -> None:
        """Hand the arrival to the log, as ``EventLog.queue`` describes."""
        self.log.queue(self.arrival.line, _days(self.arrival.at.date()), (self.arrival.kind,), answered)

    async def send(self, send: Send) -> None:
        """Commit, then respond (over ASGI). ``EventLog.submit`` says what it raises; then nothing has been sent."""
        await self.log.submit(self.arrival.line, _days(self.arrival.at.date()), (self.arrival.kind,))
        self.counted.inc()
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


@lru_cache(maxsize=4)
def _days(day: date) -> frozenset[date]:
    """The one day, as the log wants it."""
    return frozenset([day])
