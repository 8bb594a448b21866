"""For you: scenes one after another, chosen for whoever looks."""

from fastapi import APIRouter, Request, Response

from groundswell.platform.routing import DbSession
from groundswell.web.page_auth import MaybeViewer
from groundswell.web.page_route import PageRoute
from groundswell.web.templating import page

router = APIRouter(route_class=PageRoute)


@router.get("/feed")
async def for_you(request: Request, session: DbSession, caller: MaybeViewer) -> Response:
    """The page; ``<gs-feed>`` on it asks for what to show."""
    return page(request, "viewer/feed.html", caller=caller)
