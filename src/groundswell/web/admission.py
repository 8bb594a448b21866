"""Admission: so many requests of a class at once, and the others are told at once to come again.

A queue that grows makes everybody wait, and most of what it finally serves has been given up by then. So a request
that finds its class full waits for ``admission_wait_ms`` at most; then it is refused with 503 ``overloaded`` and
Retry-After. Classes do not know each other: each has database connections of its own (``Database``), so that pages of
the console cannot keep viewers waiting, however many are asked for.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NamedTuple

from prometheus_client import Counter, Gauge
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from groundswell.platform.database import POOL, Pool
from groundswell.platform.settings import Settings

REFUSED = Counter("groundswell_requests_shed", "Requests refused for want of room.", ["kind", "why"])
BUSY = Gauge("groundswell_requests_at_once", "Requests being answered.", ["kind"])

LINE = 2
"""Requests of a class that may wait for their turn, for each of its places: about as many as get theirs in time. A
longer line costs more than it serves, since whoever waits in vain is refused after all."""


class RequestClass(NamedTuple):
    """One class of requests.

    Args:
        deadline_s: seconds in which an answer must begin.
        to_the_end: it holds its place until its answer has been sent, not just until that begins.
    """

    name: str
    pool: Pool
    at_once: int
    deadline_s: float
    retry_after_s: int
    to_the_end: bool = False


Refusal = Callable[[RequestClass, Scope, Receive, Send], Awaitable[None]]


def request_classes(settings: Settings) -> dict[str, RequestClass]:
    """Every class, by name. Media, signing in and ingest wait for renders, for other
    services and for the log: they hold no connection meanwhile."""
    deadline_s = settings.request_deadline_s
    classes = (
        RequestClass("visitors", "visitors", settings.visitors_at_once, deadline_s, 1),
        RequestClass("viewers", "viewers", settings.viewers_at_once, deadline_s, 1),
        RequestClass("console", "console", settings.console_at_once, deadline_s, 2),
        RequestClass("exports", "exports", settings.exports_at_once, 2 * deadline_s, 5, to_the_end=True),
        RequestClass("media", "visitors", settings.media_at_once, deadline_s, 2),
        RequestClass("sign_in", "viewers", settings.sign_ins_at_once, deadline_s, 2),
        RequestClass("ingest", "visitors", settings.ingest_at_once, deadline_s, 1),
    )
    return {each.name: each for each in classes}


_FILES = re.compile(r"\.(csv|jsonl|json|parquet)$")
_MEDIA = re.compile(r"\.(mp4|m3u8|jpg|vtt)$|/hls/|/windows$|/progress$|/media$")
_STAFF = re.compile(r"/v1/(reports/|ledger|pools|payouts|experiments|campaigns|rights|decisions)")
_PUBLIC = re.compile(r"/(s|m|embed|titles|creators)/|/v1/(oembed|visits)$|/(discover)?$")
_UNBOUNDED = re.compile(r"/(healthz|readyz|metrics)$|/static/|/favicon\.ico$|/\.well-known/")


def class_of(path: str) -> str | None:
    """The class of a request for ``path``; None for probes and files, which cost next to nothing."""
    if _UNBOUNDED.match(path):
        return None
    if path == "/v1/events":
        return "ingest"
    if path.startswith("/session/"):
        return "sign_in"
    if path.startswith("/console"):
        return "exports" if _FILES.search(path) else "console"
    if _MEDIA.search(path):
        return "media"
    if (_FILES.search(path) and not path.endswith("openapi.json")) or path.startswith("/moments/export."):
        return "exports"
    if _STAFF.match(path):
        return "console"
    return "visitors" if _PUBLIC.match(path) else "viewers"


class AdmissionLine:
    """The places of one class, and who waits for one."""

    def __init__(self, kind: RequestClass, wait_s: float) -> None:
        self.kind, self.wait_s = kind, wait_s
        self.longest, self.waiting = LINE * kind.at_once, 0
        self._places = asyncio.Semaphore(kind.at_once)
        self._busy = BUSY.labels(kind.name)

    def is_full(self) -> bool:
        """Whether there is neither a place nor room to wait for one."""
        return self._places.locked() and self.waiting >= self.longest

    async def enter(self) -> bool:
        """Take a place, waiting a little for one; False where there is none."""
        if self._places.locked():
            if self.is_full():
                return False
            self.waiting += 1
            try:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self.wait_s):
                        await self._places.acquire()
                        self._busy.inc()
                        return True
                return False
            finally:
                self.waiting -= 1
        await self._places.acquire()
        self._busy.inc()
        return True

    def leave(self) -> None:
        """Give the place back."""
        self._busy.dec()
        self._places.release()


class Admission:
    """ASGI application: ``app``, for as many requests of each class as it can serve.

    Args:
        refuse: answers a request that is not let in, or not answered by its deadline.
    """

    def __init__(self, app: ASGIApp, settings: Settings, refuse: Refusal) -> None:
        self.app, self.refuse = app, refuse
        wait_s = settings.admission_wait_ms / 1000
        self.lines = {name: AdmissionLine(kind, wait_s) for name, kind in request_classes(settings).items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = class_of(scope["path"])
        if name is None:
            await self.app(scope, receive, send)
            return
        line = self.lines[name]
        if not await line.enter():
            await self._refuse(line.kind, "full", scope, receive, send)
            return
        admitted = Admitted(line, send)
        pool = POOL.set(line.kind.pool)
        try:
            if not await admitted.answered(self.app, scope, receive):
                await self._refuse(line.kind, "deadline", scope, receive, send)
        finally:
            POOL.reset(pool)
            admitted.leave()

    def full(self, path: str) -> RequestClass | None:
        """The class of a request for ``path`` where that is full: who asks is refused, and counted as such."""
        name = class_of(path)
        if name is None or not (line := self.lines[name]).is_full():
            return None
        REFUSED.labels(name, "full").inc()
        return line.kind

    async def _refuse(self, kind: RequestClass, why: str, scope: Scope, receive: Receive, send: Send) -> None:
        REFUSED.labels(kind.name, why).inc()
        await self.refuse(kind, scope, receive, send)


class Admitted:
    """A request that has a place."""

    def __init__(self, line: AdmissionLine, send: Send) -> None:
        self.line, self._send = line, send
        self._has_place = True
        self._begun = False
        self._deadline: asyncio.Timeout | None = None

    async def answered(self, app: ASGIApp, scope: Scope, receive: Receive) -> bool:
        """Let ``app`` answer; False when it had not begun to by the deadline."""
        try:
            async with asyncio.timeout(self.line.kind.deadline_s) as deadline:
                self._deadline = deadline
                await app(scope, receive, self.send)
        except TimeoutError:
            if self._begun or not deadline.expired():
                raise
            return False
        return True

    async def send(self, message: Message) -> None:
        """Pass ``message`` on. Once an answer begins, its pace is the client's."""
        if message["type"] == "http.response.start" and not self._begun:
            self._begun = True
            assert self._deadline is not None
            self._deadline.reschedule(None)
            if not self.line.kind.to_the_end:
                self.leave()
        await self._send(message)

    def leave(self) -> None:
        if self._has_place:
            self._has_place = False
            self.line.leave()
