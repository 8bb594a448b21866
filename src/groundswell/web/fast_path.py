"""uvicorn's HTTP protocol, with a shorter way for visitors whose answer can be made without waiting.

A request for a link, or for a landing page that is in memory, waits for one thing: its visit's commit. So does a
reaction. As an ASGI request that costs a task, three messages and two writes. Here the answer is made while the request
is read, or when its link has been looked up with others, and is written to the connection when the log says that the
visit is on disk. Everything else, and whatever goes wrong, goes the usual way through the application, which gives the
same answers and every refusal (``Application.__call__``).

A reaction has a body, which comes with its head as a rule. One whose body has not come when what was received has been
read goes the usual way.

So is a request for which there is no room refused: when ten times as much is asked as can be served, what is refused
must not take the time of what is served.
"""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any, Protocol, TypeGuard, cast

from prometheus_client import Counter
from starlette.types import Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from groundswell.community.reaction_door import is_reaction
from groundswell.events.visits.deferred_response import DeferredResponse
from groundswell.platform.problems import Problem, problem_response

from .app import Application
from .connection_bounds import BoundedProtocol, Phase
from .early_refusal import STATUS

RawHeader = tuple[bytes, bytes]

IDLE_AGAIN_S = 1.0
"""So often a connection on which requests are refused unread has its idle time counted anew."""


class AnswerAtOnce(Protocol):
    """An answer that waits for a commit alone. When ``commit`` says that it is done, the rest is as it is sent."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Iterable[RawHeader]: ...

    @property
    def body(self) -> bytes: ...

    @property
    def counted(self) -> Counter: ...

    def commit(self, answered: Callable[[Problem | None], None]) -> None:
        """Call ``answered`` when what is answered is on disk, or with why it is not.

        Raises:
            Problem: too much is waiting.
        """


class FastPathProtocol(BoundedProtocol):
    """One connection, within its bounds.

    uvicorn calls ``_start_asgi_task`` when it is a request's turn, pipelined ones one by one.
    """

    followed = False
    """Whether a link, or a reaction, was among what is being read."""

    reading = False
    awaited: RequestResponseCycle | None = None
    """The reaction whose body has not been read yet; it may be in what is being read."""

    refused_at = float("-inf")
    """When the connection's time to be idle was counted from last, among requests that were refused unread."""

    def data_received(self, data: bytes) -> None:
        if self._refuses_unread(data):
            return
        began = time.perf_counter()
        self.reading = True
        super().data_received(data)
        self.reading = False
        if (cycle := self.awaited) is not None:
            self.awaited = None
            self._start_reaction(cycle)
        if self.followed:
            self.followed = False
            self._spent(began)

    def _refuses_unread(self, data: bytes) -> bool:
        """Whether ``data`` is a whole request for which there is no room, which has been told so."""
        door = self.config.app
        if not isinstance(door, Application) or not door.sheds():
            return False
        if not data.endswith(b"\r\n\r\n") or not self._awaits_request() or not self._may_answer(door):
            return False
        answer = door.refusal_unread(data)
        if answer is None:
            return False
        self.transport.write(STATUS + as_lines(self.server_state.default_headers) + answer)
        now = self.loop.time()
        if now - self.refused_at > IDLE_AGAIN_S:
            self.refused_at, self.since, self.phase = now, 0.0, Phase.NOTHING
            self.bounded_by.half_open.pop(self, None)
            self.on_response_complete()
        return True

    def _awaits_request(self) -> bool:
        """Whether nothing of a request has come yet, and none is being answered."""
        if self.deaf or self.pipeline or self.transport.is_closing():
            return False
        if self.phase is Phase.HEAD and self.head_bytes:
            return False
        return self.phase is not Phase.BODY and (self.cycle is None or self.cycle.response_complete)

    def _spent(self, began: float) -> None:
        """Count the processor's time since ``began`` as one that went into a link."""
        cast(Application, self.config.app).spent(time.perf_counter() - began)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if app is not self.app:
            super()._start_asgi_task(cycle, app)
        elif is_reaction(cast(Scope, cycle.scope)):
            if cycle.more_body and self.reading:
                self.awaited = cycle
            else:
                self._start_reaction(cycle)
        elif not (self._answers_soon(cycle) or self._refuses(cycle)):
            super()._start_asgi_task(cycle, app)

    def _start_reaction(self, cycle: RequestResponseCycle) -> None:
        """Answer a reaction from here, if its whole body has come and it can be; else the usual way."""
        door, scope = self.config.app, cast(Scope, cycle.scope)
        if not cycle.more_body and self._may_answer(door) and door.has_room(scope):
            see_through_proxies(self.config)(scope)
            answer = door.reaction_at_once(scope, bytes(cycle.body))
            if answer is not None and self._commits(cycle, answer):
                return
        if not self._refuses(cycle):
            super()._start_asgi_task(cycle, cast(Any, self.app))

    def _may_answer(self, door: Any) -> TypeGuard[Application]:
        """Whether anything can be answered from here."""
        return isinstance(door, Application) and not self.flow.write_paused and not self.config.access_log

    def _commits(self, cycle: RequestResponseCycle, answer: AnswerAtOnce) -> bool:
        """Whether ``answer`` is on its way."""
        try:
            answer.commit(partial(self._when_committed, cycle, answer))
        except Problem:  # too much is waiting: the usual way will find so too, and say it
            return False
        self.followed = True
        return True

    def _refuses(self, cycle: RequestResponseCycle) -> bool:
        """Whether there was no room for ``cycle``, which has been told so."""
        door = self.config.app
        if not self._may_answer(door):
            return False
        refusal = door.refusal_at_once(cast(Scope, cycle.scope))
        if refusal is None:
            return False
        body = b"" if cycle.scope["method"] == "HEAD" else bytes(refusal.body)
        self._write(cycle, refusal.status_code, refusal.raw_headers, body)
        return True

    def _answers_soon(self, cycle: RequestResponseCycle) -> bool:
        """Whether ``cycle`` will be answered from here, when its visit is committed."""
        door, scope = self.config.app, cast(Scope, cycle.scope)
        if not self._may_answer(door) or not door.has_visitors(scope):
            return False
        see_through_proxies(self.config)(scope)
        answer = door.answer_at_once(scope)
        if answer is None:
            return self._answers_when_found(cycle, door, scope)
        return self._commits(cycle, answer)

    def _answers_when_found(self, cycle: RequestResponseCycle, door: Application, scope: Scope) -> bool:
        begun = door.answer_soon(scope, partial(self._when_found, cycle, door))
        self.followed = self.followed or begun
        return begun

    def _when_found(
        self, cycle: RequestResponseCycle, door: Application, answer: DeferredResponse | Problem | None
    ) -> None:
        began = time.perf_counter()
        if isinstance(answer, DeferredResponse):
            try:
                answer.commit(partial(self._when_committed, cycle, answer))
            except Problem as refusal:
                answer = refusal
            else:
                self._spent(began)
        if not cycle.disconnected and not isinstance(answer, DeferredResponse):
            answered_by = self.app if answer is None else door.refuse_link(answer)
            super()._start_asgi_task(cycle, cast(Any, answered_by))

    def _when_committed(self, cycle: RequestResponseCycle, answer: AnswerAtOnce, refusal: Problem | None) -> None:
        if refusal is not None:
            super()._start_asgi_task(cycle, cast(Any, problem_response(refusal)))
        elif not cycle.disconnected:
            began = time.perf_counter()
            answer.counted.inc()
            self._write(cycle, answer.status, answer.headers, answer.body)
            self._spent(began)

    def _write(self, cycle: RequestResponseCycle, status: int, headers: Iterable[RawHeader], body: bytes) -> None:
        parts = [STATUS_LINE[status]]
        for name, value in (*cycle.default_headers, *headers):
            parts += (name, b": ", value, b"\r\n")
        parts += (b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n", body)
        self.transport.write(b"".join(parts))
        cycle.response_started = cycle.response_complete = True
        cycle.message_event.set()
        if not cycle.keep_alive:
            self.transport.close()
        cycle.on_response()


_LINES: tuple[list[RawHeader], bytes] = ([], b"")


def as_lines(headers: list[RawHeader]) -> bytes:
    """The headers that uvicorn adds to every answer, as they are sent: it makes the list anew each second, whose last
    lines are kept."""
    global _LINES
    made = _LINES
    if made[0] is not headers:
        _LINES = made = (headers, b"".join(b"%b: %b\r\n" % header for header in headers))
    return made[1]


HOOK = {"_start_asgi_task"}
CYCLE = {
    *("scope", "default_headers", "keep_alive", "disconnected", "message_event", "on_response"),
    *("response_started", "response_complete", "body", "more_body"),
}


def lacking(protocol: type = HttpToolsProtocol, cycle: type = RequestResponseCycle) -> list[str]:
    """What this takes from uvicorn's private parts and the installed uvicorn does not have.

    Args:
        protocol: must start each request, the first of a connection and those that waited behind it, by the hook.
        cycle: a request's state; what is written here must be what uvicorn itself reads.
    """
    started_by = [getattr(protocol, name, None) for name in ("on_headers_complete", "on_response_complete")]
    names = [set(getattr(getattr(method, "__code__", None), "co_names", ())) for method in started_by]
    made = set(vars(cycle)["__init__"].__code__.co_names)
    return sorted(
        {hook for hook in HOOK if not hasattr(protocol, hook) or any(hook not in used for used in names)}
        | (CYCLE - made)
    )


@lru_cache(maxsize=1)
def see_through_proxies(config: Config) -> Callable[[Scope], None]:
    """What puts the visitor's own address into a scope where a trusted proxy names it, by uvicorn's own rule."""
    if not config.proxy_headers:
        return lambda scope: None

    async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
        """The application behind the middleware, which has done its work when this is called."""

    proxied = cast(Any, ProxyHeadersMiddleware(cast(Any, nothing), config.forwarded_allow_ips))

    def see_through(scope: Scope) -> None:
        for name, _ in scope["headers"]:
            if name.startswith(b"x-forwarded-"):
                with suppress(StopIteration):  # it awaits nothing but ``nothing``
                    proxied(scope, None, None).send(None)
                return

    return see_through
