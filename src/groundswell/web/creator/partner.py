"""A partner of a programme that moved here takes their place, by the link that they were given."""

from typing import Any

from fastapi import APIRouter, Request, Response

from groundswell.creators import imported_partners
from groundswell.creators.programme_files import PROGRAMMES
from groundswell.platform.problems import Problem
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.web.page_auth import Member
from groundswell.web.page_route import PageRoute
from groundswell.web.responses import see_other
from groundswell.web.templating import page

router = APIRouter(prefix="/creator/join", route_class=PageRoute)

PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


@router.get("/{token}")
async def read_place(request: Request, token: str, session: DbSession, caller: Member) -> Response:
    """What waits for whoever has this link: who they were there, their code, and what was recorded."""
    partner = await imported_partners.of_token(session, services_of(request).settings, token)
    if await imported_partners.taken_by(session, partner, caller.id) is not None:
        return see_other("/creator?saved=became")
    found = await imported_partners.recorded(session, [partner.id])
    shown: dict[str, Any] = {
        "partner": partner,
        "programme": PROGRAMMES[partner.programme],  # type: ignore[index]
        "recorded": found.get(partner.id, []),
        "token": token,
    }
    return page(request, "creator/join.html", headers=PRIVATE, caller=caller, problem=None, **shown)


@router.post("/{token}")
async def take_place(request: Request, token: str, session: DbSession, caller: Member) -> Response:
    """Take the place."""
    settings = services_of(request).settings
    try:
        async with session.begin_nested():
            await imported_partners.claim(session, settings, token, caller.viewer)
    except Problem as refused:
        partner = await imported_partners.of_token(session, settings, token)
        shown: dict[str, Any] = {"partner": partner, "programme": PROGRAMMES[partner.programme], "token": token}  # type: ignore[index]
        return page(
            request, "creator/join.html", status=refused.status, headers=PRIVATE, caller=caller, problem=refused,
            recorded=[], **shown,
        )  # fmt: skip
    return see_other("/creator?saved=became")
