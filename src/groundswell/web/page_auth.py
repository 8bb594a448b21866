"""Who looks at a page. Unlike the API, a page treats a stale sign-in as nobody signed in, and asks to sign in again."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Request
from starlette.datastructures import URL

from groundswell.accounts.access import Caller, caller_of, claims_of
from groundswell.accounts.tokens import TokenExpired, TokenInvalid, TokenMissing
from groundswell.platform.change_pace import counts
from groundswell.platform.routing import SAFE, DbSession

from .route_powers import every_route


async def visitor(request: Request, session: DbSession) -> Caller | None:
    """The signed-in person, or None."""
    try:
        claims = await claims_of(request)
    except (TokenExpired, TokenInvalid) as stale:
        request.state.stale = stale.code
        return None
    if claims is None:
        return None
    return await caller_of(session, claims)


counts(visitor)
MaybeViewer = Annotated[Caller | None, Depends(visitor)]


async def member(caller: MaybeViewer) -> Caller:
    """The signed-in person.

    Raises:
        TokenMissing: nobody is; ``PageRoute`` answers with the way to sign in.
    """
    if caller is None:
        raise TokenMissing()
    return caller


Member = Annotated[Caller, Depends(member)]


def sign_in_path(request: Request) -> str:
    """Where viewers begin to sign in, to return to the page that was asked for."""
    return f"/session/start?{urlencode({'return': asked_for(request)})}"


def staff_sign_in_path(request: Request) -> str:
    """Where staff do; whose session has ended is told so there."""
    said = {"return": asked_for(request)}
    if (why := getattr(request.state, "stale", None)) is not None:
        said["why"] = why
    return f"/session/staff?{urlencode(said)}"


def asked_for(request: Request) -> str:
    """The page that was asked for, with its query. A form is not sent again by a link: where its address is that of no
    page, it is the page that the form stood on, as the browser says, or the first one."""
    address = request.url
    if request.method not in SAFE and not _is_page(request):
        try:
            address = URL(request.headers.get("referer", ""))
            ours = address.netloc == request.url.netloc
        except ValueError:
            ours = False
        if not ours:
            return "/"
    return address.path + (f"?{address.query}" if address.query else "")


def _is_page(request: Request) -> bool:
    """Whether what was sent to a route may be asked of one at the same path."""
    path = request.scope["route"].path
    return any(route.path == path and "GET" in (route.methods or ()) for route in every_route(request.app.router))
