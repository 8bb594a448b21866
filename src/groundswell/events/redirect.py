"""``/s/<token>/go``: straight to the title, with the click committed before the answer.

It stands before everything else, FastAPI included, because QR codes, creators' links and the landing page's own button
all come through here: no routing, no middleware, no session, no object that is not needed. What a link leads to is kept
in memory and forgotten the moment anything about it changes (``memory.py``).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote
from uuid import UUID

from psycopg import Error as PsycopgError
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.datastructures import State
from starlette.types import Receive, Scope, Send

from groundswell.moments.availability import Audience
from groundswell.platform.clock import US_PER_SECOND, utc_now
from groundswell.platform.database import Database
from groundswell.platform.ids import uuid7_bytes
from groundswell.platform.problems import Problem, Unavailable, problem_response
from groundswell.platform.settings import Settings
from groundswell.platform.telemetry import REQUESTS
from groundswell.shares.links import LinkExpired, resolve, share_url

from .event import copy_inputs, copy_line, copy_verdict
from .log import EventLog
from .memory import Memory
from .references import Place, place
from .seeing import KEPT_HEADERS, Seen, see
from .touchtokens import PARAMETER, touch_token_of_bytes
from .visitors import Visitors
from .visits import COOKIE, PREVIOUS, TOKEN_MAX, visit_cookie

ROUTE = "/s/{token}/go"
WANTED_HEADERS = {name.encode(): name for name in ("user-agent", "referer", "cookie", *KEPT_HEADERS)}
AT_THE_SERVICE = Audience(viewer_id=UUID(int=0))
"""Who goes to the title is judged as a member: who may watch it is for the service to say, at its own door."""

FOUND = REQUESTS.labels("GET", ROUTE, 302)


class MethodNotAllowed(Problem):
    status, code, title = 405, "method_not_allowed", "A link is followed with GET."


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a link leads. ``start`` and ``after`` are the title at the moment's first and at its last second."""

    place: Place
    start: str
    after: str
    landing: str
    expires_at: datetime | None


def is_redirect(scope: Scope) -> bool:
    """Whether this is a request for ``/s/<token>/go``."""
    path: str = scope.get("path", "")
    return path.endswith("/go") and path.startswith("/s/") and path.count("/") == 3 and scope["type"] == "http"


async def redirect(state: State, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request for ``/s/<token>/go`` (an ASGI application, but for ``state``: what the process holds)."""
    try:
        headers = await _follow(state, scope, scope["path"][3:-3])
    except (OperationalError, InterfaceError, PsycopgError):
        problem: Problem = Unavailable("The database is restarting.", headers={"Retry-After": "1"})
        await _refuse(state, problem, scope, receive, send)
    except Problem as refusal:
        await _refuse(state, refusal, scope, receive, send)
    else:
        FOUND.inc()
        await send({"type": "http.response.start", "status": 302, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


async def _follow(state: State, scope: Scope, token: str) -> list[tuple[bytes, bytes]]:
    """Commit the click and say where to go, as response headers."""
    if scope["method"] not in {"GET", "HEAD"}:
        raise MethodNotAllowed(headers={"Allow": "GET, HEAD"})
    now = utc_now()
    destination: Destination = await state.destinations.find(token, now)
    visitors: Visitors = state.visitors
    salt = visitors.salt(now.date()) or await visitors.prepare(now)
    headers = wanted_headers(scope["headers"])
    seen = see(headers, scope["client"][0] if scope["client"] else "", salt)
    if scope["method"] == "HEAD":
        return _answer(destination.start)
    settings: Settings = state.settings
    from_landing = b"from=landing" in scope["query_string"]
    log: EventLog = state.event_log
    kind = "unfurl" if seen.verdict.kind == "unfurl" else "continue" if from_landing else "click"
    id = uuid7_bytes()
    line = visit_line(id, now, kind, destination.place, seen, headers)
    await log.submit(line, days_of(now.date()), (kind,))
    if kind == "unfurl":
        return _answer(destination.landing)
    location = destination.after if from_landing else destination.start
    if not seen.may_be_followed:
        return _answer(location)
    touch = touch_token_of_bytes(settings.secret, now, id)
    return _answer(f"{location}&{PARAMETER}={touch}", visit_cookie(settings, touch))


@lru_cache(maxsize=4)
def days_of(day: date) -> frozenset[date]:
    """The one day, as the log wants it."""
    return frozenset([day])


def visit_line(id: bytes, now: datetime, kind: str, to: Place, seen: Seen, headers: dict[str, str]) -> str:
    """One visitor's event at a share, as a line of COPY."""
    inputs = seen.inputs
    if seen.may_be_followed and (previous := _cookie(headers.get("cookie", ""))):
        inputs = inputs | {PREVIOUS: previous}
    verdict = seen.verdict
    return copy_line(
        id.hex(),
        now.isoformat(),
        kind,
        to.columns,
        visitor=seen.visitor,
        channel=to.channel,
        verdict=copy_verdict(verdict.kind, verdict.reason, verdict.rule),
        inputs=_inputs(tuple(inputs.items())),
    )


@lru_cache(maxsize=10_000)
def _inputs(items: tuple[tuple[str, str], ...]) -> str:
    return copy_inputs(dict(items))


def wanted_headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers by which a visit is judged, by lower-case name."""
    return {WANTED_HEADERS[name]: value.decode("latin-1") for name, value in raw if name in WANTED_HEADERS}


def _cookie(header: str) -> str | None:
    if COOKIE not in header:
        return None
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return None
    return None if found is None else found.value[:TOKEN_MAX]


def _answer(location: str, cookie: str | None = None) -> list[tuple[bytes, bytes]]:
    headers = [
        (b"location", location.encode()),
        (b"cache-control", b"private, no-store"),
        (b"x-robots-tag", b"noindex"),
        (b"content-length", b"0"),
    ]
    if cookie is not None:
        headers.append((b"set-cookie", cookie.encode()))
    return headers


async def _refuse(state: State, problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    """Browsers go to the landing page, which says why not in words; programs get the problem document."""
    settings: Settings = state.settings
    accepted = dict(scope["headers"]).get(b"accept", b"")
    if b"text/html" in accepted and problem.status in {403, 404, 410}:
        headers = _answer(share_url(settings, quote(scope["path"][3:-3], safe="")))
        await send({"type": "http.response.start", "status": 303, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    REQUESTS.labels(scope["method"], ROUTE, problem.status).inc()
    await problem_response(problem)(scope, receive, send)


class Destinations:
    """Where links lead, kept in memory while nothing about them changes."""

    def __init__(self, database: Database, settings: Settings, memory: Memory[Destination]) -> None:
        self.database, self.settings, self.memory = database, settings, memory

    async def find(self, token: str, now: datetime) -> Destination:
        """Where ``token`` leads now.

        Raises:
            Problem: it leads nowhere (``shares.links.resolve`` says why).
        """
        found = self.memory.get(token)
        if found is None:
            found = await self._resolve(token)
        if found.expires_at is not None and found.expires_at <= now:
            raise LinkExpired()
        return found

    async def _resolve(self, token: str) -> Destination:
        age = self.memory.age
        async with self.database.transaction() as session:
            resolved = await resolve(session, self.settings, token, AT_THE_SERVICE)
        share, moment, title = resolved.share, resolved.moment, resolved.title
        watch = f"{self.settings.service_home}/watch/{quote(title.slug)}?t="
        found = Destination(
            place=place(share.id, moment.id, title.id, share.channel),
            start=f"{watch}{moment.start_us // US_PER_SECOND}",
            after=f"{watch}{moment.end_us // US_PER_SECOND}",
            landing=share_url(self.settings, token),
            expires_at=share.expires_at,
        )
        self.memory.put(token, found, age, [share.id, moment.id, title.id, moment.viewer_id])
        return found
