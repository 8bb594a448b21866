"""A visit to a page with a moment on it: one event, committed before the page is answered."""

from dataclasses import dataclass, replace
from typing import Literal

from fastapi import Request, Response

from groundswell.accounts.access import Caller
from groundswell.events.event import Event
from groundswell.events.log.event_log import EventLog, record
from groundswell.events.log.lookups import EventPlace, place
from groundswell.events.signals import Visited
from groundswell.events.traffic.client import see
from groundswell.events.traffic.own import is_own
from groundswell.events.traffic.verdicts import STAFF
from groundswell.events.traffic.visit_ticket import visit_ticket
from groundswell.events.traffic.visitors import Visitors
from groundswell.platform import signals
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from groundswell.platform.routing import request_session
from groundswell.platform.services import services_of
from groundswell.platform.settings import Settings
from groundswell.shares.links import Resolved

from .touch_tokens import touch_token

COOKIE = "gs_visit"
"""Holds the touch token of the browser's last visit, so that the next one can name it."""

PREVIOUS = "previous"
"""Where a visit's ``inputs`` keep the token of the same browser's visit before it."""

TOKEN_MAX = 64
SECONDS_A_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Visit:
    """What a visit leaves with its visitor: the ``ticket`` of the page, and the ``touch`` token for the cookie (None
    for robots and for who asks not to be followed)."""

    ticket: str
    touch: str | None


async def landing_visit(request: Request, resolved: Resolved, caller: Caller | None) -> Visit | None:
    """Record that the landing page of ``resolved`` was asked for: a click, or an unfurl when a preview robot asked.

    A visitor's is committed by the event log before this returns. A signed-in viewer's is written, with the touch that
    it is, in the request's transaction, which commits before the page is sent.

    Returns:
        None for a HEAD request, which is no visit.
    """
    share, moment, title = resolved.share, resolved.moment, resolved.title
    return await visit(request, place(share.id, moment.id, title.id, share.channel), "click", caller)


async def visit(
    request: Request, where: EventPlace, kind: Literal["click", "view"], caller: Caller | None
) -> Visit | None:
    """Record a visit: a ``click`` on a share's link, or a ``view`` of a player that stands elsewhere (embedded, or in
    the service's own pages), as ``landing_visit`` describes."""
    if request.method == "HEAD":
        return None
    now, services = utc_now(), services_of(request)
    visitors = services.get(Visitors)
    seen = see(request.headers, request.client.host if request.client else "", await visitors.prepare(now))
    if caller is not None and caller.roles and seen.verdict.kind == "human":
        seen = replace(seen, verdict=STAFF)
    inputs = dict(seen.inputs)
    if seen.may_be_followed and (previous := request.cookies.get(COOKIE)):
        inputs[PREVIOUS] = previous[:TOKEN_MAX]
    event = Event(
        kind="unfurl" if seen.verdict.kind == "unfurl" else kind,
        at=now,
        id=uuid7(),
        share_id=where.share_id,
        moment_id=where.moment_id,
        title_id=where.title_id,
        visitor=seen.visitor,
        viewer_id=caller.id if caller else None,
        channel=where.channel,
        verdict=seen.verdict.kind,
        verdict_reason=seen.verdict.reason,
        verdict_rule=seen.verdict.rule,
        inputs=inputs,
    )
    if is_own(services.settings.secret, request.headers) or (kind == "view" and seen.verdict.kind == "unfurl"):
        pass  # what we fetch from ourselves is no traffic, and previews are counted where links are shared
    elif caller is None:
        await services.get(EventLog).append(event)
    else:
        session = request_session(request)
        await record(session, event)
        if kind == "click":
            await signals.send(session, Visited(event))
    secret = services.settings.secret
    touch = touch_token(secret, now, event.id) if seen.may_be_followed else None
    return Visit(visit_ticket(secret, now, event.id.bytes, where.share_id or where.moment_id, seen.served_to), touch)


def remember_visit(response: Response, settings: Settings, token: str | None) -> None:
    """Let the browser show at its next visit that it was here before (a first-party cookie, for as long as a touch
    can earn credit). Nothing for a ``token`` of None."""
    if token is not None:
        response.headers.append("set-cookie", visit_cookie(settings, token))


def visit_cookie(settings: Settings, token: str) -> str:
    """The Set-Cookie header of ``remember_visit``."""
    secure = "; Secure" if settings.base_url.startswith("https:") else ""
    age = settings.attribution_window_days * SECONDS_A_DAY
    return f"{COOKIE}={token}; Max-Age={age}; Path=/; HttpOnly; SameSite=Lax{secure}"
