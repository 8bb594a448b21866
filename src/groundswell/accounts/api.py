"""Who am I, being forgotten, and codes with which viewers are handed over to our pages."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response

from groundswell.platform.change_pace import kept_to
from groundswell.platform.routing import DbSession, TransactionalRoute
from groundswell.platform.services import services_of

from . import hand_over
from .access import SignedIn, service
from .erasure import erase_viewer
from .return_address import absolute
from .schemas import HandOver, Me, NewHandOver
from .tables import ServiceKey
from .tokens import TokenVerifier

router = APIRouter(prefix="/v1", tags=["accounts"], route_class=TransactionalRoute)


@router.get("/me")
async def me(caller: SignedIn) -> Me:
    """The signed-in viewer and their staff roles."""
    viewer = caller.viewer
    return Me(
        id=viewer.id,
        name=viewer.name,
        handle=viewer.handle,
        territory=viewer.territory,
        kids=viewer.kids,
        roles=sorted(caller.roles),
    )


@router.delete("/viewers/{subject}", status_code=204)
@kept_to("Makes no rows: it empties them.")
async def forget_viewer(
    subject: str, request: Request, session: DbSession, key: Annotated[ServiceKey, Depends(service("viewers.erase"))]
) -> None:
    """Forget a viewer, by your own id of them: what leads to the person goes, the numbers still add up."""
    erased = await erase_viewer(session, services_of(request).settings.jwt_issuer, subject)
    request.scope["path_params"] = {"viewer": str(erased)}  # so that the audit log does not remember the subject


@router.post("/hand-overs", status_code=201)
@kept_to("One code for each token of the service's, for a minute.")
async def make_hand_over(
    new: NewHandOver,
    request: Request,
    response: Response,
    session: DbSession,
    key: Annotated[ServiceKey, Depends(service("viewers.hand_over"))],
) -> HandOver:
    """Fetch a one-time code for a viewer's token, issued just now: send the viewer's browser to `address` within a
    minute, with the `state` that we sent it to you with, and it is signed in on our pages."""
    services = services_of(request)
    settings = services.settings
    await hand_over.verified(services.get(TokenVerifier), new.token, settings.clock_skew_s)
    code, until = await hand_over.make_code(session, settings, new.token)
    address = f"{absolute(settings, hand_over.PATH)}?{urlencode({'code': code})}"
    response.headers["Cache-Control"] = "no-store"
    return HandOver(code=code, address=address, expires_at=until)
