"""``/s/<token>/go``: straight to the title, with the click committed before the answer.

It stands before everything else, FastAPI included, because QR codes, creators' links and the landing page's own button
all come through here: no routing, no middleware, no session, no object that is not needed. Where a link leads is in
memory as a rule (``destinations.py``); then ``Redirects.answer_at_once`` makes the whole answer and waits for nothing.
"""

from asyncio import Future
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from psycopg import Error as PsycopgError
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.types import Receive, Scope, Send

from groundswell.events.log.event_log import EventLog
from groundswell.events.traffic.verdicts import USER_AGENT_MAX
from groundswell.events.traffic.visitors import Visitors
from groundswell.platform.address_template import with_parameter
from groundswell.platform.clock import utc_now
from groundswell.platform.problems import Problem, Unavailable, problem_response
from groundswell.platform.settings import Settings
from groundswell.platform.telemetry import REQUESTS
from groundswell.shares.links import share_url

from .deferred_response import DeferredResponse, RawHeaders
from .destinations import Destination, Destinations
from .record import arrive
from .touch_tokens import PARAMETER, touch_token_of_bytes
from .visit import visit_cookie

ROUTE = "/s/{token}/go"
SOON_MAX = 500
"""Look-ups for requests that hold no place. When the database does not keep up, more come in by turns or not at all."""

FOUND = REQUESTS.labels("GET", ROUTE, 302)

DATABASE_AWAY = (OperationalError, InterfaceError, PsycopgError)

Found = Callable[[DeferredResponse | Problem | None], None]
"""Called with the answer when it is known, with its refusal, or with nothing when the usual way must be taken."""


class MethodNotAllowed(Problem):
    status, code, title = 405, "method_not_allowed", "A link is followed with GET."


def is_redirect(scope: Scope) -> bool:
    """Whether this is a request for ``/s/<token>/go``."""
    path: str = scope.get("path", "")
    return path.endswith("/go") and path.startswith("/s/") and path.count("/") == 3 and scope["type"] == "http"


@dataclass(frozen=True, slots=True)
class Redirects:
    """Answers requests for ``/s/<token>/go`` (an ASGI application)."""

    settings: Settings
    log: EventLog
    visitors: Visitors
    destinations: Destinations

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["method"] == "HEAD":
                await self._send_head(scope, send)
            else:
                answer = self.answer_at_once(scope) or await self._look_up(scope)
                await answer.send(send)
        except DATABASE_AWAY:
            await self.refuse(_away(), scope, receive, send)
        except Problem as refusal:
            await self.refuse(refusal, scope, receive, send)

    def answer_at_once(self, scope: Scope) -> DeferredResponse | None:
        """The answer to a GET when all that it takes is in memory; else None."""
        if scope["method"] != "GET":
            return None
        now = utc_now()
        destination, salt = self.destinations.known(scope["path"][3:-3], now), self.visitors.salt(now.date())
        if destination is None or salt is None:
            return None
        return self._answer(scope, destination, now, salt)

    def answer_soon(self, scope: Scope, found: Found) -> bool:
        """Look up where a link leads that is not in memory, for a GET, without a task of its own; False where the usual
        way must be taken."""
        if scope["method"] != "GET" or self.destinations.asked >= SOON_MAX:
            return False
        try:
            asked = self.destinations.ask(scope["path"][3:-3])
        except Problem:
            return False
        asked.add_done_callback(lambda done: found(self._found(scope, done)))
        return True

    def _found(self, scope: Scope, done: "Future[Destination]") -> DeferredResponse | Problem | None:
        now = utc_now()
        salt, error = self.visitors.salt(now.date()), None if done.cancelled() else done.exception()
        if isinstance(error, Problem):
            return error
        if isinstance(error, DATABASE_AWAY):
            return _away()
        return None if error or done.cancelled() or salt is None else self._answer(scope, done.result(), now, salt)

    async def _look_up(self, scope: Scope) -> DeferredResponse:
        if scope["method"] != "GET":
            raise MethodNotAllowed(headers={"Allow": "GET, HEAD"})
        now = utc_now()
        destination = await self.destinations.find(scope["path"][3:-3], now)
        return self._answer(scope, destination, now, await self.visitors.prepare(now))

    async def _send_head(self, scope: Scope, send: Send) -> None:
        destination = await self.destinations.find(scope["path"][3:-3], utc_now())
        FOUND.inc()
        await send({"type": "http.response.start", "status": 302, "headers": _headers(destination.start)})
        await send({"type": "http.response.body", "body": b""})

    def _answer(self, scope: Scope, destination: Destination, now: datetime, salt: bytes) -> DeferredResponse:
        from_landing = b"from=landing" in scope["query_string"]
        arrival = arrive(scope, destination.place, "continue" if from_landing else "click", now, salt)
        start, after = (
            destination.of(_user_agent(scope)) if destination.elsewhere else (destination.start, destination.after)
        )
        location = after if from_landing else start
        if arrival.kind == "unfurl":
            headers = _headers(destination.landing)
        elif not arrival.followed:
            headers = _headers(location)
        else:
            touch = touch_token_of_bytes(self.settings.secret, now, arrival.id)
            cookie = (b"set-cookie", visit_cookie(self.settings, touch).encode())
            headers = (*_headers(with_parameter(location, PARAMETER, touch)), cookie)
        return DeferredResponse(self.log, arrival, 302, headers, b"", FOUND)

    async def refuse(self, problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
        """Browsers go to the landing page, which says why not in words; programs get the problem document."""
        accepted = dict(scope["headers"]).get(b"accept", b"")
        if b"text/html" in accepted and problem.status in {403, 404, 410}:
            headers = _headers(share_url(self.settings, quote(scope["path"][3:-3], safe="")))
            await send({"type": "http.response.start", "status": 303, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        REQUESTS.labels(scope["method"], ROUTE, problem.status).inc()
        await problem_response(problem)(scope, receive, send)


def _away() -> Problem:
    return Unavailable("The database is restarting.", headers={"Retry-After": "1"})


def _user_agent(scope: Scope) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"user-agent"), "")[
        :USER_AGENT_MAX
    ]


def _headers(location: str) -> RawHeaders:
    return (
        (b"location", location.encode()),
        (b"cache-control", b"private, no-store"),
        (b"x-robots-tag", b"noindex"),
        (b"content-length", b"0"),
    )
