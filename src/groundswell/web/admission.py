"""Admission: so many requests at once, and the others are told at once to come again.

A queue that grows makes everybody wait, and most of what it finally serves has been given up by then. So a request
that finds its class full waits for ``admission_wait_ms`` at most, and not at all where others have just been refused;
then it is refused with 503 ``overloaded`` and Retry-After. Each class has database connections of its own
(``Database``) and no more requests at once than those suffice for; how many are worked on in all, and whose turn it is
when the processor does not suffice, ``congestion`` says. So pages of the console cannot keep viewers waiting, however
many are asked for.

Links that are followed are answered while they are read (``fast_path``) and take no place. While others are refused, or
the event loop runs late, they have a share of the processor's time instead.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from prometheus_client import Counter, Gauge
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from groundswell.platform.database import POOL
from groundswell.platform.settings import Settings

from .congestion import FairPlaces, Lag, ProcessorShare, TakenPlace
from .request_classes import RequestClass, class_of, is_link, request_classes

REFUSED = Counter("groundswell_requests_shed", "Requests refused for want of room.", ["kind", "why"])
BUSY = Gauge("groundswell_requests_at_once", "Requests being answered.", ["kind"])
PLACES = Gauge("groundswell_places", "Requests that may be worked on at once.")
LAG = Gauge("groundswell_event_loop_lag_seconds", "How late the event loop ran when it was last looked at.")

LINE = 2
"""Requests of a class that may wait for their turn, for each of its places: about as many as get theirs in time. A
longer line costs more than it serves, since whoever waits in vain is refused after all."""
LINE_MOST = 20

LOOK_EVERY_S = 0.025
LEAST = 3
"""Places when the processor is short: about as many as keep it busy, since each waits for the database in between."""

LINKS_SHARE, LINKS_BURST_S = 0.15, 0.1
VERY_LATE_S = 0.15
"""The event loop is so late that links are held to their share, though nobody else be refused."""

Refusal = Callable[[RequestClass, Scope, Receive, Send], Awaitable[None]]


class AdmissionLine:
    """Those of one class who are answered, and who wait for their turn."""

    def __init__(self, kind: RequestClass, fair: FairPlaces, wait_s: float) -> None:
        self.kind, self.fair, self.wait_s = kind, fair, wait_s
        self.inside, self.longest = 0, min(LINE * kind.most, LINE_MOST)
        self.waiting: deque[asyncio.Future[TakenPlace | None]] = deque()
        self._busy = BUSY.labels(kind.name)
        self._refused = {why: REFUSED.labels(kind.name, why) for why in ("full", "deadline")}

    def is_full(self) -> bool:
        """Whether there is neither a place nor room to wait for one."""
        now = time.monotonic()
        if self.has_place(now):
            return False
        return len(self.waiting) >= self.longest or self.fair.goes_without(self.kind.name, now)

    def has_place(self, now: float) -> bool:
        return self.inside < self.kind.most and (self.kind.waits or self.fair.is_turn_of(self.kind.name, now))

    async def enter(self) -> TakenPlace | None:
        """Take a place, waiting a little for one; None where there is none."""
        now = time.monotonic()
        if self.has_place(now):
            return self.take(now)
        return None if self.is_full() else await self._turn()

    async def _turn(self) -> TakenPlace | None:
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[TakenPlace | None] = loop.create_future()
        self.waiting.append(turn)
        patience = loop.call_later(
            self.wait_s, _give_up, turn
        )  # no time-out: one could meet the call, and lose a place
        try:
            return await turn
        except asyncio.CancelledError:
            if not turn.cancelled() and (place := turn.result()) is not None:
                self.leave(place)  # it was called while it was ended
            raise
        finally:
            patience.cancel()
            if turn in self.waiting:
                self.waiting.remove(turn)

    def call(self, now: float) -> None:
        """Give a place to who has waited longest, unless they have just given up."""
        turn = self.waiting.popleft()
        if not turn.done():
            turn.set_result(self.take(now))

    def take(self, now: float) -> TakenPlace:
        self.inside += 1
        self._busy.inc()
        return TakenPlace(self.kind.name, now, counts=False) if self.kind.waits else self.fair.take(self.kind.name, now)

    def leave(self, place: TakenPlace) -> None:
        """Give the place back."""
        self.inside -= 1
        self._busy.dec()
        self.fair.give_back(place, time.monotonic())

    def refused(self, why: str) -> None:
        """Count one who was refused. A class that takes none of the places lacks none."""
        self._refused[why].inc()
        if not self.kind.waits:
            at_its_limit = why != "full" or self.inside >= self.kind.most
            self.fair.refused(self.kind.name, time.monotonic(), at_its_limit=at_its_limit)


def _give_up(turn: "asyncio.Future[TakenPlace | None]") -> None:
    if not turn.done():
        turn.set_result(None)


class Links:
    """What those who follow links may take of the processor while others go without."""

    def __init__(self, fair: FairPlaces) -> None:
        self.share, self.fair = ProcessorShare(LINKS_SHARE, LINKS_BURST_S), fair
        self.very_late = False

    def is_full(self) -> bool:
        now = time.monotonic()
        return not self.share.has_left(now) and (self.very_late or self.fair.are_passed_over(now))


class Admission:
    """ASGI application: ``app``, for as many requests of each class as it can serve.

    Args:
        refuse: answers a request that is not let in, or not answered by its deadline.
    """

    def __init__(self, app: ASGIApp, settings: Settings, refuse: Refusal) -> None:
        self.app, self.refuse = app, refuse
        classes = request_classes(settings)
        most = sum(kind.most for kind in classes.values() if not kind.waits)
        weights = {name: kind.weight for name, kind in classes.items()}
        self.fair, self.lag = FairPlaces(min(LEAST, most), most, weights), Lag()
        wait_s = settings.admission_wait_ms / 1000
        self.lines = {name: AdmissionLine(kind, self.fair, wait_s) for name, kind in classes.items()}
        self.links = Links(self.fair)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Follow how busy the event loop is and how late it runs, for as long as the block lasts."""
        watch = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            began, worked = time.monotonic(), time.thread_time()
            await asyncio.sleep(LOOK_EVERY_S)
            took = time.monotonic() - began
            self.adapt((time.thread_time() - worked) / took, took - LOOK_EVERY_S)

    def adapt(self, busy: float, lag_s: float) -> None:
        """Note that the event loop worked for such a part of the time, and was seen so late."""
        average_s = self.lag.seen(lag_s)
        self.links.very_late = average_s > VERY_LATE_S
        self.fair.adapt(time.monotonic(), busy, average_s)
        LAG.set(average_s)
        PLACES.set(self.fair.places)
        self.call()

    def call(self) -> None:
        """Give what places there are to those who wait, first to the class that had least."""
        now = time.monotonic()
        while ready := [line for line in self.lines.values() if line.waiting and line.has_place(now)]:
            min(ready, key=lambda line: self.fair.used(line.kind.name)).call(now)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = class_of(scope["path"])
        if name is None:
            await self.app(scope, receive, send)
            return
        line = self.lines[name]
        if (place := await line.enter()) is None:
            await self._refuse(line, "full", scope, receive, send)
            return
        admitted = Admitted(self, line, place, send)
        pool = POOL.set(line.kind.pool)
        try:
            if not await admitted.answered(self.app, scope, receive):
                await self._refuse(line, "deadline", scope, receive, send)
        finally:
            POOL.reset(pool)
            admitted.leave()

    def full(self, path: str) -> RequestClass | None:
        """The class of a request for ``path`` where that is full: who asks is refused, and counted as such."""
        name = class_of(path)
        if name is None:
            return None
        line = self.lines[name]
        if is_link(path) and self.links.is_full():
            REFUSED.labels("links", "full").inc()
        elif line.is_full():
            line.refused("full")
        else:
            return None
        return line.kind

    def sheds(self) -> bool:
        """Whether some are refused at this time."""
        return self.fair.are_contended(time.monotonic())

    async def _refuse(self, line: AdmissionLine, why: str, scope: Scope, receive: Receive, send: Send) -> None:
        line.refused(why)
        await self.refuse(line.kind, scope, receive, send)


class Admitted:
    """A request that has a place."""

    def __init__(self, admission: Admission, line: AdmissionLine, place: TakenPlace, send: Send) -> None:
        self.admission, self.line, self._send = admission, line, send
        self._place: TakenPlace | None = place
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
        if self._place is not None:
            self.line.leave(self._place)
            self._place = None
            self.admission.call()
