"""Who am I: who is signed in, with which roles, until when; and why a page is closed."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request, Response
from starlette.routing import Match

from groundswell.accounts.access import session_of
from groundswell.accounts.openid import StaffProviders
from groundswell.accounts.powers import POWERS, roles_words
from groundswell.accounts.sessions import Session, SessionEnded
from groundswell.platform.addresses import is_path
from groundswell.platform.openapi_security import power_of
from groundswell.platform.services import services_of
from groundswell.web.page_auth import MaybeViewer
from groundswell.web.route_powers import every_route
from groundswell.web.templating import page

from .staff import SignInRoute

router = APIRouter(route_class=SignInRoute)


@dataclass(frozen=True)
class PageDoor:
    """A page, and who may open it.

    Attributes:
        what: what may be done there; empty where being signed in, or nothing, is enough.
        roles: which roles open it, in words.
    """

    path: str
    what: str
    roles: str
    is_open: bool


@router.get("/who-am-i")
async def who_am_i(
    request: Request, caller: MaybeViewer, about: Annotated[str, Query(alias="page", max_length=1000)] = ""
) -> Response:
    """Who is signed in, what their roles let them do, until when, and whether ``page`` is open to them."""
    roles = frozenset() if caller is None else caller.roles
    return page(
        request,
        "session/who_am_i.html",
        caller=caller,
        held=await session_held(request),
        may=[power.what for power in POWERS.values() if power.roles & roles or "admin" in roles],
        door=door_of(request, about, roles),
        staff_sign_in=bool(services_of(request).get(StaffProviders)),
    )


async def session_held(request: Request) -> Session | None:
    """The session that the cookie begins; None where somebody came by a token, or nobody is."""
    try:
        return await session_of(request)
    except SessionEnded:
        return None


def door_of(request: Request, about: str, roles: frozenset[str]) -> PageDoor | None:
    """What there is to say of the page ``about``; None where it is none of ours."""
    if not is_path(about):
        return None
    path = urlsplit(about).path
    scope = {"type": "http", "path": path, "method": "GET", "root_path": "", "headers": []}
    for route in every_route(request.app.router):
        if route.matches(scope)[0] == Match.FULL:
            power = POWERS.get(power_of(route) or "")
            if power is None:
                return PageDoor(path, "", "", True)
            return PageDoor(path, power.what, roles_words(power), bool(roles & {*power.roles, "admin"}))
    return None
