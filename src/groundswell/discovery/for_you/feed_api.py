"""For you over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from groundswell.accounts.access import MaybeCaller
from groundswell.moments.availability import Audience
from groundswell.platform.pages import Cursor
from groundswell.platform.routing import DbSession, TransactionalRoute
from groundswell.platform.services import services_of

from .for_you import for_you
from .impressions import tell
from .schemas import ForYou, ItemOutcome
from .showings import FeedShowing

router = APIRouter(prefix="/v1/feed", tags=["discovery"], route_class=TransactionalRoute)


@router.get("")
async def read_feed(
    request: Request,
    response: Response,
    session: DbSession,
    caller: MaybeCaller,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=20, description="Items a page.")] = 8,
) -> ForYou:
    """Scenes one after another, chosen for whoever asks, known or not; each says why. Nothing comes twice within a
    week, nothing spoils, and what is not wanted is not shown again. What is told of the items is noted, to learn
    from; reading a page writes nothing."""
    response.headers["Cache-Control"] = "private, no-store"
    settings = services_of(request).settings
    return await for_you(session, settings, caller, Audience.of(caller, request), cursor, limit)


@router.post("/{item}", status_code=204)
async def tell_outcome(
    item: Annotated[str, Path(max_length=200)],
    body: ItemOutcome,
    request: Request,
    session: DbSession,
    caller: MaybeCaller,
) -> None:
    """Say what came of an item of the feed, within a day."""
    await tell(session, caller, FeedShowing.read(services_of(request).settings, item), body.what)
