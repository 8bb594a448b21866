"""Staff sign in at an OpenID provider, and are back at the page that they asked for."""

from typing import Annotated, ClassVar
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from groundswell.accounts.attempts import LASTS, Attempt, AttemptUnknown, attempt_of
from groundswell.accounts.openid import CALLBACK, NoStaffRole, SignInRefused, StaffProvider, StaffProviders
from groundswell.accounts.return_address import return_address
from groundswell.accounts.sessions import spend
from groundswell.accounts.staff_roles import note
from groundswell.accounts.tokens import Claims
from groundswell.accounts.viewers import find_viewer
from groundswell.platform.clock import utc_now
from groundswell.platform.routing import DbSession
from groundswell.platform.services import Services, services_of
from groundswell.web.page_route import PageRoute
from groundswell.web.templating import page

from .cookies import begun
from .own_name import under_our_name


class SignInRoute(PageRoute):
    """A page on the way of signing in: its refusals say why, and lead back to the beginning."""

    refused: ClassVar[str] = "session/refused.html"


router = APIRouter(prefix="/session", route_class=SignInRoute)

Return = Annotated[str, Query(alias="return", max_length=2000)]
Short = Annotated[str, Query(max_length=400)]


@router.get("/staff")
async def sign_in(
    request: Request,
    return_: Return = "",
    issuer: Short = "",
    login_hint: Short = "",
    why: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Send staff to their provider. Where there are several, one chooses; whose session has ended is told so first,
    as the provider may sign them in again without a question."""
    services = services_of(request)
    target = return_address(services.settings, return_ or "/console")
    if (elsewhere := under_our_name(services.settings, request)) is not None:
        return elsewhere
    providers = services.get(StaffProviders)
    if not providers:
        return RedirectResponse(f"/session/start?{urlencode({'return': target})}", 303)
    provider = chosen(providers, issuer)
    if provider is None or why == "session_ended":
        shown = list(providers.by_issuer.values())
        return page(request, "session/choose.html", providers=shown, target=target, ended=why == "session_ended")
    request.state.again = again_at(target, issuer)
    attempt = Attempt.begin(provider.about.issuer, target)
    more = {"login_hint": login_hint} if login_hint else {}
    response = RedirectResponse(await provider.authorization_address(attempt, **more), 303)
    attempt.keep(services.settings, response)
    return response


@router.get(CALLBACK.removeprefix("/session"))
async def signed_in(
    request: Request,
    session: DbSession,
    state: Short = "",
    code: Annotated[str, Query(max_length=4000)] = "",
    iss: Annotated[str | None, Query(max_length=1000)] = None,
    error: Short = "",
    error_description: Short = "",
) -> Response:
    """Where the provider sends the browser back to: begin a session, and lead to the page that was asked for."""
    services = services_of(request)
    attempt = attempt_of(request, services.settings, state)
    provider = services.get(StaffProviders).get(attempt.issuer)
    if provider is None:
        raise AttemptUnknown()
    request.state.again = again_at(attempt.return_to, attempt.issuer)
    if error or not code:
        raise SignInRefused(f"{provider.about.label} says: {error_description or error or 'nothing'}.")
    try:
        found = await provider.identity(attempt, code, iss)
    except NoStaffRole as refused:
        await note_without_role(services, refused.claims, provider.about.issuer)
        raise
    if not await spend(session, f"state {state}", utc_now() + 2 * LASTS):
        raise AttemptUnknown()
    about = {"provider": provider.about.issuer, "id_token": found.id_token}
    return await begun(request, session, found.claims, attempt.return_to, attempt=attempt, **about)


async def note_without_role(services: Services, claims: Claims, provider: str) -> None:
    """Somebody who had a role may have none any more: that is written down although they are refused."""
    async with services.database.transaction() as session:
        known = await find_viewer(session, claims.issuer, claims.subject)
        if known is not None:
            await note(session, known, claims, provider)


def chosen(providers: StaffProviders, issuer: str) -> StaffProvider | None:
    """The provider to go to: the one named, or the only one."""
    if issuer:
        return providers.get(issuer)
    return next(iter(providers.by_issuer.values())) if len(providers.by_issuer) == 1 else None


def again_at(target: str, issuer: str) -> str:
    """Where to begin again."""
    return f"/session/staff?{urlencode({'return': target, 'issuer': issuer})}"
