"""Who looks at a page. Unlike the API, a page treats a stale sign-in as nobody signed in, and asks to sign in again."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Request

from groundswell.accounts.access import Caller, RoleMissing, claims_of, viewer_of
from groundswell.accounts.tokens import TokenExpired, TokenInvalid, TokenMissing
from groundswell.platform.routing import DbSession
from groundswell.platform.settings import Settings


async def visitor(request: Request, session: DbSession) -> Caller | None:
    """The signed-in person, or None."""
    try:
        claims = await claims_of(request)
    except (TokenExpired, TokenInvalid):
        return None
    return None if claims is None else Caller(await viewer_of(session, claims), claims.roles)


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


def staff_member(*roles: str) -> Callable[[Caller], Coroutine[Any, Any, Caller]]:
    """A dependency: somebody with one of ``roles`` (``admin`` has them all)."""

    async def require(caller: Member) -> Caller:
        if not caller.roles & {*roles, "admin"}:
            raise RoleMissing(f"This page is for people with the role {' or '.join(roles)}.")
        return caller

    return require


def sign_in_url(settings: Settings, request: Request) -> str:
    """Where the service signs people in, to return to the page that was asked for."""
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return f"{settings.service_home}/sign-in?{urlencode({'next': target})}"
