"""Discovery over HTTP."""

from fastapi import APIRouter, Request

from groundswell.accounts.access import MaybeCaller
from groundswell.catalog.title_view import view_for
from groundswell.catalog.titles import find_title
from groundswell.moments.availability import Audience
from groundswell.platform.pages import Cursor, Limit
from groundswell.platform.routing import DbSession, TransactionalRoute
from groundswell.platform.services import services_of

from . import feed, heatmap, scene_membership  # noqa: F401 - belonging answers what the reports ask
from .for_you import feed_api
from .ranking import Gate
from .schemas import Discover, Heatmap
from .search import search_api

v1 = APIRouter(prefix="/v1", tags=["discovery"], route_class=TransactionalRoute)


@v1.get("/discover")
async def list_scenes(
    request: Request,
    session: DbSession,
    caller: MaybeCaller,
    title: str | None = None,
    cursor: Cursor = None,
    limit: Limit = 24,
) -> Discover:
    """What is catching on: scenes, those first for which votes come fastest; of one title if one is named."""
    found = await find_title(session, title) if title is not None else None
    return await feed.discover(
        session,
        gate=Gate.of(services_of(request).settings),
        cursor=cursor,
        limit=limit,
        title_id=found.id if found else None,
        audience=Audience.of(caller, request),
    )


@v1.get("/titles/{title}/heatmap")
async def read_heatmap(title: str, request: Request, session: DbSession, caller: MaybeCaller) -> Heatmap:
    """How hot each part of a title is, from its beginning to its end; 0 where rights keep something back, or where it
    would give away what whoever asks has not seen."""
    found = await find_title(session, title)
    view = await view_for(request, session, found, caller, "play")
    return await heatmap.of_title(session, found, view)


router = APIRouter()
router.include_router(v1)
router.include_router(search_api.router)
router.include_router(feed_api.router)
