"""Discovery over HTTP."""

from fastapi import APIRouter, Request

from groundswell.accounts.access import MaybeCaller
from groundswell.catalog.titles import find_title
from groundswell.moments.availability import Audience
from groundswell.platform.pages import Cursor, Limit
from groundswell.platform.routing import DbSession, TransactionalRoute

from . import belonging, feed, heatmap  # noqa: F401 - belonging answers what the reports ask
from .schemas import Discover, Heatmap

router = APIRouter(prefix="/v1", tags=["discovery"], route_class=TransactionalRoute)


@router.get("/discover")
async def list_scenes(
    request: Request,
    session: DbSession,
    caller: MaybeCaller,
    title: str | None = None,
    cursor: Cursor = None,
    limit: Limit = 24,
) -> Discover:
    """What is catching on: scenes, the hottest first; of one title if one is named."""
    found = await find_title(session, title) if title is not None else None
    return await feed.discover(
        session,
        cursor=cursor,
        limit=limit,
        title_id=found.id if found else None,
        territory=Audience.of(caller, request).territory,
        member=caller is not None,
    )


@router.get("/titles/{title}/heatmap")
async def read_heatmap(title: str, session: DbSession) -> Heatmap:
    """How hot each part of a title is, from its beginning to its end."""
    return await heatmap.of_title(session, await find_title(session, title))
