"""Landing pages for visitors: rendered once, kept while nothing about them changes, their click committed each time.

A page for somebody without an account is the same for everybody, so it is rendered for the first and kept in memory
(``notified_cache`` invalidates it the moment the share, its moment, its title, a decision or a rule changes). Whoever
asks afterwards is answered before FastAPI, as the redirect is: who asks is judged, the click committed, the page sent.
"""

from dataclasses import dataclass
from datetime import datetime

from fastapi import Response
from psycopg import Error as PsycopgError
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from groundswell.accounts.access import COOKIE, territory_of
from groundswell.events.log.event_log import EventLog
from groundswell.events.log.lookups import EventPlace, place
from groundswell.events.traffic.own import HEADER
from groundswell.events.traffic.visit_ticket import PLACEHOLDER, visit_ticket
from groundswell.events.traffic.visitors import Visitors
from groundswell.events.visits.deferred_response import DeferredResponse, RawHeaders
from groundswell.events.visits.record import arrive
from groundswell.platform.clock import utc_now
from groundswell.platform.notified_cache import FACT_BYTES, CacheListener, NotifiedCache
from groundswell.platform.problems import Problem, Unavailable, problem_response
from groundswell.platform.services import Services
from groundswell.platform.settings import Settings
from groundswell.platform.telemetry import REQUESTS
from groundswell.shares.links import Resolved
from groundswell.web import languages

OWN_HEADER = HEADER.encode()
SENT = REQUESTS.labels("GET", "/s/{token}", 200)


KEPT_BYTES_MAX = 32 * 1024 * 1024
"""Some ten kilobytes a page."""


Asked = tuple[str | None, str]
"""Where a visitor is (ISO 3166-1 alpha-2), and what they read."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A rendered landing page with its headers, and the share whose visits it counts; true until ``holds_until``. Where
    each visitor's own ticket goes, the body has ``PLACEHOLDER``."""

    place: EventPlace
    headers: RawHeaders
    body: bytes
    holds_until: datetime | None


class LandingPages(NotifiedCache[Kept]):
    """The rendered pages of one application, by token, territory and language."""


def install(services: Services) -> None:
    """Keep pages from now on, as true as the listener holds what it remembers."""
    pages = LandingPages(KEPT_BYTES_MAX, weigh=lambda kept: len(kept.body) + FACT_BYTES)
    services.get(CacheListener).add(pages)
    services.add(pages)


def keep(
    pages: LandingPages,
    generation: int,
    found: Resolved,
    holds_until: datetime | None,
    asked: Asked,
    page: Response,
) -> None:
    """Keep ``page`` for the next visitor who asks from there in that language, unless something was dropped since
    ``generation``."""
    share, moment, title = found.share, found.moment, found.title
    kept = Kept(
        place=place(share.id, moment.id, title.id, share.channel),
        headers=tuple(page.raw_headers),
        body=bytes(page.body),
        holds_until=holds_until,
    )
    pages.put((found.token, *asked), kept, generation, found.depends_on)


def kept_page(services: Services, scope: Scope) -> Kept | None:
    """The page that answers this request: a visitor's GET of ``/s/<token>`` that was rendered before."""
    path: str = scope.get("path", "")
    if not path.startswith("/s/") or scope["type"] != "http" or scope["method"] != "GET" or path.count("/") != 2:
        return None
    if b"lang=" in scope["query_string"]:
        return None  # which is remembered: a page of its own
    pages = services.find(LandingPages)
    kept = None if pages is None else pages.get((path[3:], *_asked(services.settings, scope)))
    if kept is None or (kept.holds_until is not None and kept.holds_until <= utc_now()):
        return None
    return None if _is_known(scope) else kept


def _asked(settings: Settings, scope: Scope) -> Asked:
    headers = Headers(scope=scope)
    chosen = languages.chosen_in(headers.get("cookie", ""))
    language = languages.language_of({}, chosen, None, headers.get("accept-language", ""))
    return territory_of(settings, headers), language


def _is_known(scope: Scope) -> bool:
    """Whether whoever asks says who they are: a viewer, or this service itself."""
    cookie = COOKIE.encode()
    return any(
        name in (b"authorization", OWN_HEADER) or (name == b"cookie" and cookie in value)
        for name, value in scope["headers"]
    )


def answer_at_once(services: Services, kept: Kept, scope: Scope) -> DeferredResponse | None:
    """The page, and the visit that must be committed first; None when the day's salt is still to be made."""
    now, visitors = utc_now(), services.get(Visitors)
    salt = visitors.salt(now.date())
    return None if salt is None else _answer(services, kept, scope, now, salt)


async def send_kept(services: Services, kept: Kept, scope: Scope, receive: Receive, send: Send) -> None:
    """Commit the visit, then answer with the page."""
    now, visitors = utc_now(), services.get(Visitors)
    try:
        await _answer(services, kept, scope, now, await visitors.prepare(now)).send(send)
    except Problem as problem:
        await problem_response(problem)(scope, receive, send)
    except (OperationalError, InterfaceError, PsycopgError):
        away = Unavailable("The database is restarting.", headers={"Retry-After": "1"})
        await problem_response(away)(scope, receive, send)


def _answer(services: Services, kept: Kept, scope: Scope, now: datetime, salt: bytes) -> DeferredResponse:
    arrival = arrive(scope, kept.place, "click", now, salt)
    ticket = visit_ticket(services.settings.secret, now, arrival.id, kept.place.share_id, arrival.served_to)
    return DeferredResponse(services.get(EventLog), arrival, 200, kept.headers, with_ticket(kept.body, ticket), SENT)


def with_ticket(body: bytes, ticket: str) -> bytes:
    """The page as one visitor gets it: as long as it was, with their own ticket in it."""
    return body.replace(PLACEHOLDER.encode(), ticket.encode())
