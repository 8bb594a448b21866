"""A visit to a landing page: one event, committed before the page is answered."""

from fastapi import Request, Response

from groundswell.accounts.access import Caller
from groundswell.platform import signals
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from groundswell.platform.routing import request_session
from groundswell.platform.settings import Settings
from groundswell.shares.links import Resolved

from .event import Event
from .log import EventLog, record
from .seeing import see
from .signals import Visited
from .touchtokens import touch_token
from .visitors import Visitors

COOKIE = "gs_visit"
"""Holds the touch token of the browser's last visit, so that the next one can name it."""

PREVIOUS = "previous"
"""Where a visit's ``inputs`` keep the token of the same browser's visit before it."""

TOKEN_MAX = 64
SECONDS_A_DAY = 86_400


async def landing_visit(request: Request, resolved: Resolved, caller: Caller | None) -> str | None:
    """Record that the landing page of ``resolved`` was asked for: a click, or an unfurl when a preview robot asked.

    A visitor's is committed by the event log before this returns. A signed-in viewer's is written, with the touch that
    it is, in the request's transaction, which commits before the page is sent.

    Returns:
        The touch token of the visit, for ``remember_visit``; None for robots and for who asks not to be followed.
    """
    if request.method == "HEAD":
        return None
    now, state = utc_now(), request.app.state
    visitors: Visitors = state.visitors
    seen = see(request.headers, request.client.host if request.client else "", await visitors.prepare(now))
    inputs = dict(seen.inputs)
    if seen.may_be_followed and (previous := request.cookies.get(COOKIE)):
        inputs[PREVIOUS] = previous[:TOKEN_MAX]
    visit = Event(
        kind="unfurl" if seen.verdict.kind == "unfurl" else "click",
        at=now,
        id=uuid7(),
        share_id=resolved.share.id,
        moment_id=resolved.moment.id,
        title_id=resolved.title.id,
        visitor=seen.visitor,
        viewer_id=caller.id if caller else None,
        channel=resolved.share.channel,
        verdict=seen.verdict.kind,
        verdict_reason=seen.verdict.reason,
        verdict_rule=seen.verdict.rule,
        inputs=inputs,
    )
    if caller is None:
        log: EventLog = state.event_log
        await log.append(visit)
    else:
        session = request_session(request)
        await record(session, visit)
        await signals.send(session, Visited(visit))
    return touch_token(state.settings.secret, now, visit.id) if seen.may_be_followed else None


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
