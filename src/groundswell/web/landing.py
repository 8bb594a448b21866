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
from groundswell.events.answers import Answer, RawHeaders
from groundswell.events.arrivals import arrive
from groundswell.events.memory import Memory
from groundswell.events.references import Place, place
from groundswell.events.visitors import Visitors
from groundswell.platform.clock import utc_now
from groundswell.platform.problems import Problem, Unavailable, problem_response
from groundswell.platform.settings import Settings
from groundswell.platform.telemetry import REQUESTS
from groundswell.shares.links import Resolved

SENT = REQUESTS.labels("GET", "/s/{token}", 200)


@dataclass(frozen=True, slots=True)
class Kept:
    """A rendered landing page with its headers, and the share whose visits it counts; true until ``holds_until``."""

    place: Place
    headers: RawHeaders
    body: bytes
    holds_until: datetime | None


def keep(
    pages: Memory[Kept], age: int, found: Resolved, holds_until: datetime | None, territory: str | None, page: Response
) -> None:
    """Keep ``page`` for the next visitor from ``territory``, unless something was forgotten since ``age`` was read."""
    share, moment, title = found.share, found.moment, found.title
    kept = Kept(
        place=place(share.id, moment.id, title.id, share.channel),
        headers=tuple(page.raw_headers),
        body=bytes(page.body),
        holds_until=holds_until,
    )
    pages.put((found.token, territory), kept, age, [share.id, moment.id, title.id, moment.viewer_id])


def kept_page(state: State, scope: Scope) -> Kept | None:
    """The page that answers this request: a visitor's GET of ``/s/<token>`` that was rendered before."""
    path: str = scope.get("path", "")
    if not path.startswith("/s/") or scope["type"] != "http" or scope["method"] != "GET" or path.count("/") != 2:
        return None
    pages: Memory[Kept] | None = getattr(state, "landing_pages", None)
    kept = None if pages is None else pages.get((path[3:], _territory(state.settings, scope)))
    if kept is None or (kept.holds_until is not None and kept.holds_until <= utc_now()):
        return None
    return None if _signed_in(scope) else kept


def _territory(settings: Settings, scope: Scope) -> str | None:
    return None if settings.territory_header is None else territory_of(settings, Headers(scope=scope))


def _signed_in(scope: Scope) -> bool:
    cookie = COOKIE.encode()
    return any(name == b"authorization" or (name == b"cookie" and cookie in value) for name, value in scope["headers"])


def answer_at_once(state: State, kept: Kept, scope: Scope) -> Answer | None:
    """The page, and the visit that must be committed first; None when the day's salt is still to be made."""
    now, visitors = utc_now(), state.visitors
    assert isinstance(visitors, Visitors)
    salt = visitors.salt(now.date())
    return None if salt is None else _answer(state, kept, scope, now, salt)


async def send_kept(state: State, kept: Kept, scope: Scope, receive: Receive, send: Send) -> None:
    """Commit the visit, then answer with the page."""
    now, visitors = utc_now(), state.visitors
    assert isinstance(visitors, Visitors)
    try:
        await _answer(state, kept, scope, now, await visitors.prepare(now)).send(send)
    except Problem as problem:
        await problem_response(problem)(scope, receive, send)
    except (OperationalError, InterfaceError, PsycopgError):
        away = Unavailable("The database is restarting.", headers={"Retry-After": "1"})
        await problem_response(away)(scope, receive, send)


def _answer(state: State, kept: Kept, scope: Scope, now: datetime, salt: bytes) -> Answer:
    return Answer(state.event_log, arrive(scope, kept.place, "click", now, salt), 200, kept.headers, kept.body, SENT)
