"""uvicorn's HTTP protocol, with a shorter way for visitors whose answer can be made without waiting.

A request for a link, or for a landing page that is in memory, waits for one thing: its visit's commit. As an ASGI
request that costs a task, three messages and two writes. Here the answer is made while the request is read, and is
written to the connection when the log says that the visit is on disk. Everything else, and whatever goes wrong, goes
the usual way through the application, which gives the same answers and every refusal (``Application.__call__``).
"""

from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any, cast

from starlette.types import Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from groundswell.events.answers import Answer
from groundswell.platform.problems import Problem, problem_response

from .app import Application


class Doorway(HttpToolsProtocol):
    """One connection. uvicorn calls ``_start_asgi_task`` when it is a request's turn, pipelined ones one by one."""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if app is not self.app or not self._answers_soon(cycle):
            super()._start_asgi_task(cycle, app)

    def _answers_soon(self, cycle: RequestResponseCycle) -> bool:
        """Whether ``cycle`` will be answered from here, when its visit is committed."""
        door, scope = self.config.app, cast(Scope, cycle.scope)
        if (
            not isinstance(door, Application)
            or not door.has_visitors(scope)
            or self.flow.write_paused
            or self.config.access_log
        ):
            return False
        see_through_proxies(self.config)(scope)
        answer = door.answer_at_once(scope)
        if answer is None:
            return False
        try:
            answer.commit(partial(self._when_committed, cycle, answer))
        except Problem:  # too much is waiting: the usual way will find so too, and say it
            return False
        return True

    def _when_committed(self, cycle: RequestResponseCycle, answer: Answer, refusal: Problem | None) -> None:
        if refusal is not None:
            super()._start_asgi_task(cycle, cast(Any, problem_response(refusal)))
        elif not cycle.disconnected:
            answer.counted.inc()
            self._write(cycle, answer)

    def _write(self, cycle: RequestResponseCycle, answer: Answer) -> None:
        parts = [STATUS_LINE[answer.status]]
        for name, value in (*cycle.default_headers, *answer.headers):
            parts += (name, b": ", value, b"\r\n")
        parts += (b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n", answer.body)
        self.transport.write(b"".join(parts))
        cycle.response_started = cycle.response_complete = True
        cycle.message_event.set()
        if not cycle.keep_alive:
            self.transport.close()
        cycle.on_response()


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
