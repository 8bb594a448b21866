"""Landing pages for visitors: rendered once, kept while nothing about them changes, their click committed each time.

A page for somebody without an account is the same for everybody, so it is rendered for the first and kept in memory
(``events/memory.py`` forgets it the moment the share, its moment, its title, a decision or a rule changes). Whoever
asks afterwards is answered before FastAPI, as the redirect is: who asks is judged, the click committed, the page sent.
"""

from dataclasses import dataclass
from datetime import datetime

from fastapi import Response
from psycopg import Error as PsycopgError
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.datastructures import Headers, State
from starlette.types import Receive, Scope, Send

from groundswell.accounts.access import COOKIE, territory_of
from groundswell.events.log import EventLog
from groundswell.events.memory import Memory
from groundswell.events.redirect import days_of, visit_line, wanted_headers
from groundswell.events.references import Place, place
from groundswell.events.seeing import see
from groundswell.events.visitors import Visitors
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7_bytes
from groundswell.platform.problems import Problem, Unavailable, problem_response
from groundswell.platform.settings import Settings
from groundswell.platform.telemetry import REQUESTS
from groundswell.shares.links import Resolved

SENT = REQUESTS.labels("GET", "/s/{token}", 200)


@dataclass(frozen=True, slots=True)
class Kept:
    """A rendered landing page with its headers, and the share whose visits it counts."""

    place: Place
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    expires_at: datetime | None


def keep(pages: Memory[Kept], age: int, found: Resolved, territory: str | None, page: Response) -> None:
    """Keep ``page`` for the next visitor from ``territory``, unless something was forgotten since ``age`` was read."""
    share, moment, title = found.share, found.moment, found.title
    kept = Kept(
        place=place(share.id, moment.id, title.id, share.channel),
        headers=tuple(page.raw_headers),
        body=bytes(page.body),
        expires_at=share.expires_at,
    )
    pages.put((found.token, territory), kept, age, [share.id, moment.id, title.id, moment.viewer_id])


def kept_page(state: State, scope: Scope) -> Kept | None:
    """The page that answers this request: a visitor's GET of ``/s/<token>`` that was rendered before."""
    path: str = scope.get("path", "")
    if not path.startswith("/s/") or scope["type"] != "http" or scope["method"] != "GET" or path.count("/") != 2:
        return None
    pages: Memory[Kept] | None = getattr(state, "landing_pages", None)
    kept = None if pages is None else pages.get((path[3:], _territory(state.settings, scope)))
    if kept is None or (kept.expires_at is not None and kept.expires_at <= utc_now()):
        return None
    return None if _signed_in(scope) else kept


def _territory(settings: Settings, scope: Scope) -> str | None:
    return None if settings.territory_header is None else territory_of(settings, Headers(scope=scope))


def _signed_in(scope: Scope) -> bool:
    cookie = COOKIE.encode()
    return any(name == b"authorization" or (name == b"cookie" and cookie in value) for name, value in scope["headers"])


async def send_kept(state: State, kept: Kept, scope: Scope, receive: Receive, send: Send) -> None:
    """Commit the visit, then answer with the page."""
    try:
        await _commit(state, kept, scope)
    except Problem as problem:
        await problem_response(problem)(scope, receive, send)
    except (OperationalError, InterfaceError, PsycopgError):
        away = Unavailable("The database is restarting.", headers={"Retry-After": "1"})
        await problem_response(away)(scope, receive, send)
    else:
        SENT.inc()
        await send({"type": "http.response.start", "status": 200, "headers": kept.headers})
        await send({"type": "http.response.body", "body": kept.body})


async def _commit(state: State, kept: Kept, scope: Scope) -> None:
    now, visitors = utc_now(), state.visitors
    assert isinstance(visitors, Visitors)
    salt = visitors.salt(now.date()) or await visitors.prepare(now)
    headers = wanted_headers(scope["headers"])
    seen = see(headers, scope["client"][0] if scope["client"] else "", salt)
    kind = "unfurl" if seen.verdict.kind == "unfurl" else "click"
    log: EventLog = state.event_log
    await log.submit(visit_line(uuid7_bytes(), now, kind, kept.place, seen, headers), days_of(now.date()), (kind,))
