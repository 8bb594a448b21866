"""The pages: routers without ``/v1``, and what makes an application serve them."""

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from groundswell.platform.problems import NotFound
from groundswell.web.templating import STATIC, BuiltFiles

from . import reasons, viewer_away, viewer_discover, viewer_landing, viewer_moment, viewer_moments, wellknown
from .console_rooms import routers as console_routers
from .route import refusal

routers: list[APIRouter] = [
    viewer_landing.router,
    viewer_away.router,
    viewer_moments.router,
    viewer_moment.router,
    viewer_discover.router,
    wellknown.router,
    reasons.router,
    *console_routers,
]


def install(app: FastAPI) -> None:
    """Serve the pages and their files, and answer a browser's wrong address with a page."""
    app.mount("/static", BuiltFiles(directory=STATIC), name="static")
    for router in routers:
        app.include_router(router, include_in_schema=False)

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
