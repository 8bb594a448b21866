"""The cookie of a session, and the answer that begins one."""

from datetime import timedelta

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts import sessions
from groundswell.accounts.access import COOKIE, viewer_of
from groundswell.accounts.attempts import Attempt
from groundswell.accounts.tokens import Claims
from groundswell.platform.services import services_of
from groundswell.platform.settings import Settings


async def begun(
    request: Request,
    session: AsyncSession,
    claims: Claims,
    target: str,
    *,
    attempt: Attempt | None = None,
    provider: str | None = None,
    id_token: str | None = None,
) -> Response:
    """Sign ``claims`` in, in place of whoever was before, and lead on to ``target``."""
    settings = services_of(request).settings
    if (before := request.cookies.get(COOKIE)) is not None:
        await sessions.end(session, before)
    viewer = await viewer_of(session, claims)
    await session.flush()
    cookie = await sessions.begin(session, settings, viewer, claims, provider=provider, id_token=id_token)
    response = RedirectResponse(target, 303, {"Cache-Control": "no-store"})
    staff = bool(claims.roles) or provider is not None
    keep(response, settings, cookie, None if staff else sessions.lasts(settings, staff=False)[1])
    if attempt is not None:
        attempt.forget(response)
    return response


def keep(response: Response, settings: Settings, cookie: str, lasts: timedelta | None = None) -> None:
    """Keep ``cookie`` in the browser for our own pages (HttpOnly, same site): until it is closed, or for ``lasts``."""
    response.set_cookie(
        COOKIE,
        cookie,
        max_age=None if lasts is None else int(lasts.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=settings.base_url.startswith("https:"),
        path="/",
    )


def forget(response: Response) -> None:
    """Take the cookie out of the browser."""
    response.delete_cookie(COOKIE, path="/")
