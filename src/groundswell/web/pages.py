"""The pages: routers without ``/v1``, and what makes an application serve them."""

from functools import cache
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from groundswell.platform.problems import NotFound, Overloaded, problem_response

from . import bluesky, features, reasons_page, well_known
from .console.loop import weekly_stop
from .console.routers import routers as console_routers
from .creator import campaigns as creator_campaigns
from .creator import level, partner, payee, studio
from .page_route import refusal
from .request_classes import RequestClass
from .route_powers import every_route
from .session import sign_out, staff, viewers, who_am_i
from .templating import STATIC, BuiltFiles, add_templates, page_language, secured
from .viewer import (
    away,
    collections,
    decisions,
    discover,
    feeds,
    for_you,
    inbox,
    landing,
    moment,
    my_moments,
    notice,
    people,
    search,
)

routers: list[APIRouter] = [
    landing.router,
    away.router,
    my_moments.router,
    moment.router,
    discover.router,
    feeds.router,
    search.router,
    for_you.router,
    people.router,
    inbox.router,
    collections.router,
    decisions.router,
    notice.router,
    well_known.router,
    bluesky.router,
    reasons_page.router,
    staff.router,
    viewers.router,
    sign_out.router,
    who_am_i.router,
    weekly_stop.router,
    *console_routers,
    creator_campaigns.router,
    payee.router,
    partner.router,
    level.router,
    studio.router,
]


@cache
def page_routes() -> list[BaseRoute]:
    """The pages' routes, worked out once for every application of this process; the API's description has none of
    them."""
    modules = features.load("pages")
    for module in modules:
        add_templates(Path(str(module.__file__)).parent / "templates")
    routes = [route for router in [*routers, *(module.router for module in modules)] for route in every_route(router)]
    for route in routes:
        route.include_in_schema = False
    return [*routes]


async def refuse(kind: RequestClass, scope: Scope, receive: Receive, send: Send) -> None:
    """Say that too much is asked at once."""
    await overloaded(kind, scope)(scope, receive, send)


def overloaded(kind: RequestClass, scope: Scope) -> Response:
    """What says so: to a browser a page. Each is made once; where there is too much to do, this must cost nothing."""
    request = Request(scope)
    wants_page = not scope["path"].startswith("/v1/") and "text/html" in request.headers.get("accept", "")
    language = page_language(request, None) if wants_page else ""
    if (made := _BUSY.get((kind.retry_after_s, language))) is None:
        problem = Overloaded(headers={"Retry-After": str(kind.retry_after_s)})
        made = _busy_page(request, problem) if wants_page else problem_response(problem)
        _BUSY[kind.retry_after_s, language] = made
    return made


def _busy_page(request: Request, problem: Overloaded) -> Response:
    body = bytes(refusal(request, problem).body)
    return Response(body, problem.status, problem.headers | secured(), media_type="text/html; charset=utf-8")


_BUSY: dict[tuple[int, str], Response] = {}
"""By the seconds after which to come again, and the language; without one for programs."""


def install(app: FastAPI) -> None:
    """Serve the pages and their files, and answer a browser's wrong address with a page."""
    app.mount("/static", BuiltFiles(directory=STATIC), name="static")
    app.router.routes.extend(page_routes())

    @app.get("/favicon.ico", include_in_schema=False)
    async def icon() -> Response:
        """Browsers ask for this where a page names no icon (the API's answers)."""
        return RedirectResponse("/static/icon.svg", 308)

    machine = app.exception_handlers[HTTPException]

    @app.exception_handler(HTTPException)
    async def nothing_here(request: Request, error: HTTPException) -> Response:
        wants_page = "text/html" in request.headers.get("accept", "")
        if error.status_code == 404 and wants_page and not request.url.path.startswith("/v1/"):
            return refusal(request, NotFound("There is no page at this address."))
        answer: Response = await machine(request, error)  # type: ignore[misc]
        return answer
