"""Discovery over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from groundswell.accounts.access import MaybeCaller
from groundswell.accounts.providers import followed_by_viewer
from groundswell.catalog.entry import Language
from groundswell.catalog.schemas import Territory
from groundswell.catalog.title_view import view_for
from groundswell.catalog.titles import find_title
from groundswell.moments.availability import Audience
from groundswell.platform.pages import Cursor, Limit
from groundswell.platform.routing import DbSession, TransactionalRoute
from groundswell.platform.services import services_of

from . import feed, heatmap, scene_membership  # noqa: F401 - belonging answers what the reports ask
from .bluesky import posts_api
from .for_you import feed_api
from .ranking import Gate
from .schemas import Discover, Heatmap
from .search import search_api
from .trending import trending_api

v1 = APIRouter(prefix="/v1", tags=["discovery"], route_class=TransactionalRoute)


@v1.get("/discover")
async def list_scenes(
    request: Request,
    session: DbSession,
    caller: MaybeCaller,
    title: str | None = None,
    territory: Annotated[Territory | None, Query(description="By the votes from this country alone.")] = None,
    language: Annotated[Language | None, Query(description="Only of titles made in it (BCP 47).")] = None,
    genre: Annotated[str | None, Query(max_length=300, description="Only of titles of this genre.")] = None,
    following: Annotated[bool, Query(description="Only what people clipped whom the caller follows.")] = False,
    cursor: Cursor = None,
    limit: Limit = 24,
) -> Discover:
    """What is catching on: scenes, those first for which votes come fastest; of one title if one is named. `featured`,
    on the first page, is what the service puts above them."""
    found = await find_title(session, title) if title is not None else None
    people = None
    if following:
        people = frozenset[UUID]() if caller is None else await followed_by_viewer(session, caller.id)
    audience, title_id = Audience.of(caller, request), found.id if found else None
    only = feed.Only(territory=territory, genre=genre, language=language, people=people)
    page = await feed.discover(
        session,
        gate=Gate.of(services_of(request).settings),
        cursor=cursor,
        limit=limit,
        title_id=title_id,
        audience=audience,
        only=only,
    )
    if cursor is None and only == feed.EVERYTHING:
        page.featured = await feed.featured(session, audience, title_id)
    await feed.veil(session, caller, [*page.featured, *page.items])
    return page


@v1.get("/titles/{title}/heatmap")
async def read_heatmap(title: str, request: Request, session: DbSession, caller: MaybeCaller) -> Heatmap:
    """How hot each part of a title is, from its beginning to its end; 0 where rights keep something back, or where it
    would give away what whoever asks has not seen. No bins at all while too few people voted."""
    found = await find_title(session, title)
    view = await view_for(request, session, found, caller, "play")
    return await heatmap.of_title(session, services_of(request).settings, found, view)


router = APIRouter()
router.include_router(v1)
router.include_router(search_api.router)
router.include_router(feed_api.router)
router.include_router(trending_api.router)
router.include_router(posts_api.router)
