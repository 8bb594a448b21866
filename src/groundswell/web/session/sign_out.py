"""Signing out: here, and where one signed in."""

from fastapi import APIRouter, Request, Response

from groundswell.accounts import sessions
from groundswell.accounts.access import COOKIE
from groundswell.accounts.cross_site import refuse_cross_site
from groundswell.accounts.openid import SIGNED_OUT, StaffProviders
from groundswell.accounts.tables import SignIn
from groundswell.platform.change_pace import unpaced
from groundswell.platform.problems import Problem
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.web.templating import page

from .cookies import forget
from .staff import SignInRoute

router = APIRouter(prefix="/session", route_class=SignInRoute)

STAFF, VIEWERS = "/session/staff", "/session/start"
"""Where one signs in again."""


@router.post("/end")
@unpaced("Makes no rows: it ends a session.")
async def sign_out(request: Request, session: DbSession) -> Response:
    """End the session; then the page leads to the provider's own sign-out (RP-Initiated Logout), where it has one.

    It is a page, and no redirect: pages of ours let no form end at another site.
    """
    refuse_cross_site(request.headers)
    ended = await sessions.end(session, request.cookies.get(COOKIE, ""))
    staff = ended is not None and ended.provider is not None
    there = await provider_sign_out(request, ended)
    response = page(request, "session/ended.html", there=there, again=STAFF if staff else VIEWERS)
    forget(response)
    return response


@router.get(SIGNED_OUT.removeprefix("/session"))
async def signed_out(request: Request) -> Response:
    """Where the provider sends the browser once it has signed out there too."""
    return page(request, "session/ended.html", there=None, again=STAFF)


async def provider_sign_out(request: Request, ended: SignIn | None) -> str | None:
    """Where the browser signs out at the provider of a session; None where it does not."""
    if ended is None or ended.provider is None:
        return None
    provider = services_of(request).get(StaffProviders).get(ended.provider)
    if provider is None:
        return None
    try:
        described = await provider.configuration()
    except Problem:
        return None  # it does not answer, and here they are signed out all the same
    return provider.log_out_address(described, ended.id_token)
