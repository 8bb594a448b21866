"""Discover: the scenes that are catching on."""

from fastapi import APIRouter, Request, Response

from groundswell.moments.availability import Audience
from groundswell.platform.pages import Cursor
from groundswell.platform.routing import DbSession
from groundswell.web.templating import page

from .people import MaybeViewer
from .route import PageRoute
from .scenes import scenes

router = APIRouter(route_class=PageRoute)

PAGE_SIZE = 24


@router.get("/discover")
async def discover(
    request: Request, session: DbSession, caller: MaybeViewer, cursor: Cursor = None, after: int = 0
) -> Response:
    """Scenes by heat; ``after`` is how many came before this page, so that ranks go on."""
    here = Audience.of(caller, request).territory
    found = await scenes(session, caller, here, cursor=cursor, limit=PAGE_SIZE)
    first = max(0, min(after, 10_000))
    after_these = first + len(found.items)
    return page(request, "viewer/discover.html", caller=caller, scenes=found, first=first, next_first=after_these)
