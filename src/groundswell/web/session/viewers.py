"""Viewers sign in at the service, which hands them over to our pages."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from groundswell.accounts.attempts import Attempt, AttemptUnknown, attempt_of
from groundswell.accounts.hand_over import PATH, HandOverUnasked, handed_over, service_address
from groundswell.accounts.return_address import return_address
from groundswell.accounts.tokens import TokenVerifier
from groundswell.platform.change_pace import unpaced
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.web.page_route import PageRoute

from .cookies import begun
from .own_name import under_our_name

router = APIRouter(prefix="/session", route_class=PageRoute)

HOME = "/moments"
AT_THE_SERVICE = ""
"""The issuer of an attempt that the service answers."""

Return = Annotated[str, Query(alias="return", max_length=2000)]
State = Annotated[str, Query(max_length=200)]
Token = Annotated[str, Query(max_length=8000)]
PostedReturn = Annotated[str, Form(alias="return", max_length=2000)]
Posted = Annotated[str, Form(max_length=8000)]


@router.get("/start")
async def sign_in(request: Request, return_: Return = "") -> Response:
    """Send a viewer to the service's own sign-in, from where they are handed over to us."""
    settings = services_of(request).settings
    if (elsewhere := under_our_name(settings, request)) is not None:
        return elsewhere
    attempt = Attempt.begin(AT_THE_SERVICE, return_address(settings, return_ or HOME))
    response = RedirectResponse(service_address(settings, attempt.state), 303)
    attempt.keep(settings, response, posted=True)
    return response


@router.get(PATH.removeprefix("/session"))
async def by_redirect(
    request: Request, session: DbSession, state: State = "", token: Token = "", code: Token = "", return_: Return = ""
) -> Response:
    """The service sends the browser here with its token of the viewer, or with a one-time code."""
    return await hand_over(request, session, state, token, code, return_)


@router.post(PATH.removeprefix("/session"))
@unpaced("One session for each token of the service's, which counts once, and a hundred a person.")
async def by_form(
    request: Request,
    session: DbSession,
    state: State = "",
    token: Posted = "",
    code: Posted = "",
    return_: PostedReturn = "",
) -> Response:
    """The same by a form of the service's, which keeps the token out of addresses."""
    return await hand_over(request, session, state, token, code, return_)


async def hand_over(request: Request, session: DbSession, state: str, token: str, code: str, return_: str) -> Response:
    """Sign the viewer in, and lead to the page that they asked for before they were sent to the service."""
    services = services_of(request)
    settings, attempt = services.settings, None
    if state:
        attempt = attempt_of(request, settings, state)
        if attempt.issuer != AT_THE_SERVICE:
            raise AttemptUnknown()
        target = attempt.return_to
    elif settings.hand_over_unasked:
        target = return_address(settings, return_ or HOME)
    else:
        raise HandOverUnasked()
    request.state.again = f"/session/start?{urlencode({'return': target})}"
    claims = await handed_over(session, services.get(TokenVerifier), token, code, settings.clock_skew_s)
    return await begun(request, session, claims, target, attempt=attempt)
