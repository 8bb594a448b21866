"""My moments: what I clipped, how far it got, and what can be done with it."""

from fastapi import APIRouter, Request, Response

from groundswell.moments.api import mine
from groundswell.platform.pages import Cursor
from groundswell.platform.routing import DbSession
from groundswell.web.templating import page

from .people import Member
from .reach import reach_of
from .route import PageRoute

router = APIRouter(route_class=PageRoute)

PAGE_SIZE = 24


@router.get("/moments")
async def my_moments(request: Request, session: DbSession, caller: Member, cursor: Cursor = None) -> Response:
    """The grid, newest first."""
    found = await mine(caller, session, request, cursor, PAGE_SIZE)
    since = min((moment.created_at for moment in found.items), default=None)
    reach = {} if since is None else await reach_of(session, [moment.id for moment in found.items], since)
    items = [(moment, reach[moment.id]) for moment in found.items]
    return page(request, "viewer/moments.html", caller=caller, items=items, next=found.next)
