"""Landing pages for visitors: rendered once a moment, kept while nothing about it changes, a click committed each time.

What somebody without an account sees is the same for everybody, and the same by every link of a moment that went by the
same channel with the same options, but for the link's token. So a page is rendered for the first visitor and kept
(``notified_cache`` invalidates it when the moment, its title, its maker, a decision or a rule changes). Where a link
leads, and whether it still holds, is known as it is for the redirect (``Destinations``). Whoever asks afterwards is
answered before FastAPI, as the redirect is: who asks is judged, the click committed, the page sent. A moment that is
passed on a thousand times is rendered once.
"""

import secrets
import string
from asyncio import Future
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import NamedTuple
from uuid import UUID

from fastapi import Response
from psycopg import Error as PsycopgError
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from groundswell.accounts.access import COOKIE, territory_of
from groundswell.events.log.event_log import EventLog
from groundswell.events.traffic.own import HEADER
from groundswell.events.traffic.visit_ticket import PLACEHOLDER, visit_ticket
from groundswell.events.traffic.visitors import Visitors
from groundswell.events.visits.deferred_response import DeferredResponse, RawHeaders
from groundswell.events.visits.destinations import Destination, Destinations
from groundswell.events.visits.record import arrive
from groundswell.events.visits.redirect import SOON_MAX, Found, Redirects
from groundswell.platform.clock import utc_now
from groundswell.platform.notified_cache import FACT_BYTES, CacheListener, NotifiedCache
from groundswell.platform.problems import Problem, Unavailable, problem_response
from groundswell.platform.services import Services
from groundswell.platform.settings import Settings
from groundswell.platform.telemetry import REQUESTS
from groundswell.shares.links import Resolved, ShareOptions
from groundswell.web import languages

OWN_HEADER = HEADER.encode()
SENT = REQUESTS.labels("GET", "/s/{token}", 200)


REFUSED = "groundswell.link_refused"
"""In a request's scope: its link has been looked up, and leads nowhere."""

KEPT_BYTES_MAX = 32 * 1024 * 1024
"""Some ten kilobytes a page."""


class PageAudience(NamedTuple):
    """Where a visitor is (ISO 3166-1 alpha-2), and what they read."""

    territory: str | None
    language: str


class PageKey(NamedTuple):
    """What a page differs by. Tokens of one length are put into it for each other."""

    moment_id: UUID | None
    channel: str | None
    options: ShareOptions
    token_length: int
    asked: PageAudience


@dataclass(frozen=True, slots=True)
class Kept:
    """A rendered landing page with its headers, true until ``holds_until``. Where each link's token goes, the body has
    ``stand_in``; where each visitor's own ticket goes, ``PLACEHOLDER``."""

    headers: RawHeaders
    body: bytes
    holds_until: datetime | None


class LandingPages(NotifiedCache[Kept]):
    """The rendered pages of one application."""


def install(services: Services) -> None:
    """Keep pages from now on, as true as the listener holds what it remembers."""
    pages = LandingPages(KEPT_BYTES_MAX, weigh=lambda kept: len(kept.body) + FACT_BYTES)
    services.get(CacheListener).add(pages)
    services.add(pages)


@cache
def stand_in(length: int) -> str:
    """What stands for a token of so many characters in a page that is made for all: nobody can know it, and write it
    into a caption."""
    return "".join(secrets.choice(string.ascii_letters) for _ in range(length))


def keep(
    pages: LandingPages,
    generation: int,
    found: Resolved,
    holds_until: datetime | None,
    asked: PageAudience,
    page: Response,
) -> None:
    """Keep ``page`` for the next visitor who asks from there in that language, unless something was dropped since
    ``generation``. It was made with ``stand_in`` for a token."""
    share, moment = found.share, found.moment
    kept = Kept(headers=tuple(page.raw_headers), body=bytes(page.body), holds_until=holds_until)
    key = PageKey(moment.id, share.channel, found.options, len(found.token), asked)
    pages.put(key, kept, generation, found.page_depends_on)


def answer_at_once(services: Services, scope: Scope) -> DeferredResponse | None:
    """The page that answers a visitor's GET of ``/s/<token>``, and the visit that must be committed first; None when
    anything that it takes is not in memory."""
    token, now = _token(scope), utc_now()
    destination = None if token is None else _destinations(services).known(token, now)
    return None if token is None or destination is None else _answer(services, scope, token, destination, now)


def answer_soon(services: Services, scope: Scope, found: Found) -> bool:
    """Look up where a link leads that is not in memory, without a task of its own; ``found`` is called with the answer,
    or with nothing where the usual way must be taken. False where that is known now."""
    token, destinations = _token(scope), _destinations(services)
    if token is None or destinations.known(token, utc_now()) or destinations.asked >= SOON_MAX:
        return False
    try:
        asked = destinations.ask(token)
    except Problem:
        return False

    def then(done: "Future[Destination]") -> None:
        leads = not done.cancelled() and done.exception() is None
        scope[REFUSED] = not leads
        found(_answer(services, scope, token, done.result(), utc_now()) if leads else None)

    asked.add_done_callback(then)
    return True


async def send_kept(services: Services, scope: Scope, receive: Receive, send: Send) -> bool:
    """Commit the visit, then answer with the page; False where there is none, and nothing was sent."""
    token, now = _token(scope), utc_now()
    if token is None or scope.get(REFUSED):
        return False
    try:
        destination = await _destinations(services).find(token, now)
        await services.get(Visitors).prepare(now)
        answer = _answer(services, scope, token, destination, now)
    except (Problem, OperationalError, InterfaceError, PsycopgError):
        return False  # the usual way will find so too, and say it
    if answer is None:
        return False
    try:
        await answer.send(send)
    except Problem as problem:
        await problem_response(problem)(scope, receive, send)
    except (OperationalError, InterfaceError, PsycopgError):
        away = Unavailable("The database is restarting.", headers={"Retry-After": "1"})
        await problem_response(away)(scope, receive, send)
    return True


def _token(scope: Scope) -> str | None:
    """The token of a visitor's request for a landing page that may be kept."""
    path: str = scope.get("path", "")
    if not path.startswith("/s/") or scope["type"] != "http" or scope["method"] != "GET" or path.count("/") != 2:
        return None
    if b"lang=" in scope["query_string"]:
        return None  # which is remembered: a page of its own
    return None if _is_known(scope) else path[3:]


def _destinations(services: Services) -> Destinations:
    return services.get(Redirects).destinations


def _asked(settings: Settings, scope: Scope) -> PageAudience:
    headers = Headers(scope=scope)
    chosen = languages.chosen_in(headers.get("cookie", ""))
    language = languages.language_of({}, chosen, None, headers.get("accept-language", ""))
    return PageAudience(territory_of(settings, headers), language)


def _is_known(scope: Scope) -> bool:
    """Whether whoever asks says who they are: a viewer, or this service itself."""
    cookie = COOKIE.encode()
    return any(
        name in (b"authorization", OWN_HEADER) or (name == b"cookie" and cookie in value)
        for name, value in scope["headers"]
    )


def _answer(
    services: Services, scope: Scope, token: str, destination: Destination, now: datetime
) -> DeferredResponse | None:
    """The page for one visitor, when it is kept and the day's salt is there."""
    place, salt, pages = destination.place, services.get(Visitors).salt(now.date()), services.find(LandingPages)
    if pages is None or salt is None:
        return None
    asked = _asked(services.settings, scope)
    kept = pages.get(PageKey(place.moment_id, place.channel, destination.options, len(token), asked))
    if kept is None or (kept.holds_until is not None and kept.holds_until <= now):
        return None
    arrival = arrive(scope, place, "click", now, salt)
    ticket = visit_ticket(services.settings.secret, now, arrival.id, place.share_id, arrival.served_to)
    body = with_token(with_ticket(kept.body, ticket), token)
    return DeferredResponse(services.get(EventLog), arrival, 200, kept.headers, body, SENT)


def with_ticket(body: bytes, ticket: str) -> bytes:
    """The page as one visitor gets it: as long as it was, with their own ticket in it."""
    return body.replace(PLACEHOLDER.encode(), ticket.encode())


def with_token(body: bytes, token: str) -> bytes:
    """The page of one link: as long as it was, with the link's token in it."""
    return body.replace(stand_in(len(token)).encode(), token.encode())
