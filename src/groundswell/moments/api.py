"""Moments over HTTP: make, list, change, delete, follow. Their media is in ``serving.py``."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller, MaybeCaller, SignedIn
from groundswell.platform.pages import Cursor, Limit, Page
from groundswell.platform.routing import DbSession, TransactionalRoute

from . import serving, streaming
from .availability import Audience, MomentDeleted
from .finding import MomentUnknown, find_moment
from .following import Followers
from .making import Words, change_moment, delete_moment, make_moment
from .mine import Wanted, delete_mine, own_moment, page_of_mine
from .schemas import (
    MediaNow,
    MomentChanges,
    MomentIn,
    MomentOut,
    MomentsDelete,
    MomentsDeleted,
    Progress,
    Visibility,
)
from .tables import Moment, Rendition
from .tiers import SourceFacts, facts_of, playable, recipes_of
from .views import progress_of, show

api = APIRouter(prefix="/v1", tags=["moments"], route_class=TransactionalRoute)


@api.post("/moments", status_code=201)
async def make(body: MomentIn, caller: SignedIn, session: DbSession, request: Request) -> MomentOut:
    """Make a moment. It is in My Moments at once; its media is made meanwhile (follow ``…/progress``).

    A clip that the title's rights do not allow is refused with 403 and the reason's code.
    """
    words = Words(body.caption, body.visibility, body.spoiler, body.credit_me)
    moment = await make_moment(session, caller.viewer, body.title, body.start_us, body.end_us, words)
    return await show(session, request.app.state.settings, moment, Audience.of(caller, request))


@api.get("/moments")
async def mine(
    caller: SignedIn,
    session: DbSession,
    request: Request,
    cursor: Cursor = None,
    limit: Limit = 20,
    title: Annotated[str | None, Query(max_length=200, description="Slug or id of one title.")] = None,
    visibility: Visibility | None = None,
    q: Annotated[str, Query(max_length=200, description="What their words or notes hold.")] = "",
    available: Annotated[bool | None, Query(description="Only those that can (not) be shown at present.")] = None,
) -> Page[MomentOut]:
    """My moments, newest first. One that cannot be shown says why in ``unavailable_reason``."""
    wanted = Wanted(title, visibility, q, available)
    return await page_of_mine(session, request.app.state.settings, Audience.of(caller, request), wanted, cursor, limit)


@api.post("/moments/delete")
async def delete_several(body: MomentsDelete, caller: SignedIn, session: DbSession) -> MomentsDeleted:
    """Delete several moments of mine at once: all of them, or none when one is not mine."""
    return MomentsDeleted(deleted=await delete_mine(session, caller, body.moments))


@api.get("/moments/{moment}")
async def one(moment: str, caller: MaybeCaller, session: DbSession, request: Request) -> MomentOut:
    """A moment by id or code: whoever may see it sees it."""
    row = await _visible(session, moment, caller)
    return await show(session, request.app.state.settings, row, Audience.of(caller, request))


@api.patch("/moments/{moment}")
async def change(moment: str, body: MomentChanges, caller: SignedIn, session: DbSession, request: Request) -> MomentOut:
    """Change a moment of mine. A new start or end is judged like a new clip."""
    row = await _mine(session, moment, caller)
    await change_moment(session, caller.viewer, row, body.model_dump(exclude_unset=True))
    return await show(session, request.app.state.settings, row, Audience.of(caller, request))


@api.delete("/moments/{moment}", status_code=204)
async def delete(moment: str, caller: SignedIn, session: DbSession) -> Response:
    """Delete a moment of mine. Its links say so from now on; deleting it again changes nothing."""
    row = await find_moment(session, moment)
    if row.viewer_id != caller.id:
        raise MomentUnknown()
    await delete_moment(session, row)
    return Response(status_code=204)


@api.get("/moments/{moment}/media")
async def media(moment: str, caller: MaybeCaller, session: DbSession, request: Request) -> MediaNow:
    """How a moment can be played and saved by now: what its player asks first."""
    row = await _visible(session, moment, caller)
    audience = Audience.of(caller, request)
    shown = await show(session, request.app.state.settings, row, audience)
    begins = await streaming.begins_us(request, session, row, audience) if shown.media.hls_url else None
    return MediaNow(**shown.media.model_dump(), duration_us=shown.duration_us, hls_from_us=begins)


@api.get("/moments/{moment}/progress", response_class=StreamingResponse, responses={200: {"model": Progress}})
async def progress(moment: str, caller: MaybeCaller, session: DbSession, request: Request) -> Response:
    """How far the clip is, as server-sent events (``data: {"tier", "status", "progress", "mp4_url", …}``): at once,
    then at every change, until all that makes it better is ready or has failed."""
    row = await _visible(session, moment, caller)
    facts = (await facts_of(session, [row.source_id]))[row.source_id]
    events = _events(request, row, facts)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, headers=headers, media_type="text/event-stream")


async def _events(request: Request, moment: Moment, facts: SourceFacts) -> AsyncIterator[str]:
    """Runs after the request's transaction has ended; takes a connection only to look."""
    followers: Followers = request.app.state.followers
    recipes = recipes_of(moment, facts)
    urgency = {recipe: facts.urgency(profile) for profile, recipe in recipes.items()}
    seen: dict[str, Rendition | None] = dict.fromkeys(recipes)
    last = None
    yield "retry: 2000\n\n"
    async for rendition in followers.follow_all(urgency):
        seen[rendition.profile] = rendition
        now = progress_of(moment, playable(facts, seen))
        if None not in seen.values() and now != last:
            last = now
            yield f"data: {now.model_dump_json()}\n\n"


async def _visible(session: AsyncSession, name: str, caller: Caller | None) -> Moment:
    moment = await find_moment(session, name)
    mine = caller is not None and caller.id == moment.viewer_id
    if moment.visibility == "private" and not mine:
        raise MomentUnknown()
    if moment.deleted_at is not None:
        raise MomentDeleted()
    return moment


async def _mine(session: AsyncSession, name: str, caller: Caller) -> Moment:
    moment = await own_moment(session, caller, name)
    if moment.deleted_at is not None:
        raise MomentDeleted()
    return moment


router = APIRouter()
router.include_router(api)
router.include_router(streaming.router)
router.include_router(serving.router)
