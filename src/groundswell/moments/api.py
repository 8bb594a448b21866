"""Moments over HTTP: make, list, change, delete, follow. Their media is in ``media/media_api.py``."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller, MaybeCaller, SignedIn
from groundswell.platform.change_pace import address_of
from groundswell.platform.open_streams import OpenStreams
from groundswell.platform.pages import Cursor, Limit, Page
from groundswell.platform.routing import DbSession, TransactionalRoute
from groundswell.platform.services import services_of

from .availability import Audience, MomentGone, may_know
from .clips import trim_window_api
from .clips.library import MomentFilter, delete_mine, own_moment, page_of_mine
from .clips.lifecycle import ClipText, change_moment, delete_moment, make_moment
from .clips.rate_limit import admit_clip
from .clips.views import media_home, progress_of, show
from .doors import CodeDoor
from .lookup import MomentUnknown, find_moment
from .media import hls_api, media_api
from .media.tiers import SourceFacts, facts_of, playable, recipes_of
from .media.waiters import Followers
from .providers import link_leads_to
from .schemas import (
    MediaNow,
    MomentChanges,
    MomentIn,
    MomentOut,
    MomentsDelete,
    MomentsDeleted,
    RenderProgress,
    Visibility,
)
from .tables import Moment, Rendition

ByShare = Annotated[
    str | None, Query(max_length=64, description="Token of the link by which one came: it opens an unlisted moment.")
]

api = APIRouter(prefix="/v1", tags=["moments"], route_class=TransactionalRoute)


@api.post("/moments", status_code=201)
async def make(body: MomentIn, caller: SignedIn, session: DbSession, request: Request) -> MomentOut:
    """Make a moment. It is in My Moments at once; its media is made meanwhile (follow ``…/progress``).

    A clip that the title's rights do not allow is refused with 403 and the reason's code.
    """
    await admit_clip(session, caller.id, services_of(request).settings.clip_rate_per_minute)
    words = ClipText(body.caption, body.visibility, body.spoiler, body.credit_me)
    moment = await make_moment(session, caller.viewer, body.title, body.start_us, body.end_us, words)
    return await show(session, services_of(request).settings, moment, Audience.of(caller, request))


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
    wanted = MomentFilter(title, visibility, q, available)
    return await page_of_mine(
        session, services_of(request).settings, Audience.of(caller, request), wanted, cursor, limit
    )


@api.post("/moments/delete")
async def delete_several(body: MomentsDelete, caller: SignedIn, session: DbSession) -> MomentsDeleted:
    """Delete several moments of mine at once: all of them, or none when one is not mine."""
    return MomentsDeleted(deleted=await delete_mine(session, caller, body.moments))


@api.get("/moments/{moment}")
async def one(
    moment: str, caller: MaybeCaller, session: DbSession, request: Request, share: ByShare = None
) -> MomentOut:
    """A moment by id or code: whoever may see it sees it."""
    audience = Audience.of(caller, request)
    row = await _visible(session, request, moment, audience, share)
    return await show(session, services_of(request).settings, row, audience, token=share)


@api.patch("/moments/{moment}")
async def change(moment: str, body: MomentChanges, caller: SignedIn, session: DbSession, request: Request) -> MomentOut:
    """Change a moment of mine. A new start or end is judged like a new clip."""
    row = await _mine(session, moment, caller)
    if body.model_fields_set & {"start_us", "end_us"}:
        await admit_clip(session, caller.id, services_of(request).settings.clip_rate_per_minute)
    await change_moment(session, caller.viewer, row, body.model_dump(exclude_unset=True))
    return await show(session, services_of(request).settings, row, Audience.of(caller, request))


@api.delete("/moments/{moment}", status_code=204)
async def delete(moment: str, caller: SignedIn, session: DbSession) -> Response:
    """Delete a moment of mine. Its links say so from now on; deleting it again changes nothing."""
    row = await find_moment(session, moment)
    if row.viewer_id != caller.id:
        raise MomentUnknown()
    await delete_moment(session, row)
    return Response(status_code=204)


@api.get("/moments/{moment}/media")
async def media(
    moment: str, caller: MaybeCaller, session: DbSession, request: Request, share: ByShare = None
) -> MediaNow:
    """How a moment can be played and saved by now: what its player asks first."""
    audience = Audience.of(caller, request)
    row = await _visible(session, request, moment, audience, share)
    shown = await show(session, services_of(request).settings, row, audience, token=share)
    door = CodeDoor(row.code, by_link=share is not None)
    told = {**shown.media.model_dump(), "hls_from_us": None}
    stream = await hls_api.stream_now(request, session, row, door, audience) if shown.media.hls_url else None
    if stream is not None:  # by the time it is fetched there may be a better one, in which the clip begins elsewhere
        told |= {"hls_url": f"{shown.media.hls_url}?version={stream.version}", "hls_from_us": stream.from_us}
    return MediaNow(**told, duration_us=shown.duration_us, start_us=shown.start_us, framing=shown.framing)


PROGRESS_MOST, PROGRESS_OF_ONE = 1000, 50
"""Streams of progress in a process, and of one viewer, or of the visitors of one address."""


class EventStream(StreamingResponse):
    """Server-sent events, as the API's description has them: ``model`` is what each one's data is."""

    media_type = "text/event-stream"


@api.get("/moments/{moment}/progress", response_class=EventStream, responses={200: {"model": RenderProgress}})
async def progress(
    moment: str, caller: MaybeCaller, session: DbSession, request: Request, share: ByShare = None
) -> Response:
    """How far the clip is, as server-sent events (``data: {"tier", "status", "progress", "mp4_url", …}``): at once,
    then at every change, until all that makes it better is ready or has failed."""
    row = await _visible(session, request, moment, Audience.of(caller, request), share)
    facts = (await facts_of(session, [row.source_id]))[row.source_id]
    events = _events(request, row, facts, media_home(row, share))
    who = address_of(request) if caller is None else str(caller.id)
    streams = services_of(request).get_or_add(ProgressStreams, ProgressStreams)
    streams.check(who)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return EventStream(_bounded(streams, who, events), headers=headers)


class ProgressStreams(OpenStreams):
    """The streams of progress of this process."""

    def __init__(self) -> None:
        super().__init__(PROGRESS_MOST, PROGRESS_OF_ONE)


async def _bounded(streams: ProgressStreams, who: str, events: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """``events``, in a place among the streams; none where there are too many."""
    with streams.one(who) as has_place:
        if has_place:
            async for event in events:
                yield event


async def _events(request: Request, moment: Moment, facts: SourceFacts, home: str) -> AsyncIterator[bytes]:
    """Runs after the request's transaction has ended; takes a connection only to look."""
    followers = services_of(request).get(Followers)
    recipes = recipes_of(moment, facts)
    urgency = {recipe: facts.urgency(profile) for profile, recipe in recipes.items()}
    seen: dict[str, Rendition | None] = dict.fromkeys(recipes)
    last = None
    yield format_sse_event(retry=2000)
    async for rendition in followers.follow_all(urgency):
        seen[rendition.profile] = rendition
        now = progress_of(home, playable(facts, seen))
        if None not in seen.values() and now != last:
            last = now
            yield format_sse_event(data_str=now.model_dump_json())


async def _visible(session: AsyncSession, request: Request, name: str, audience: Audience, token: str | None) -> Moment:
    moment = await find_moment(session, name)
    by_link = token is not None and await link_leads_to(session, services_of(request).settings, token) == moment.id
    if not await may_know(session, moment, audience, by_link=by_link):
        raise MomentUnknown()
    if moment.deleted_at is not None:
        raise MomentGone()
    return moment


async def _mine(session: AsyncSession, name: str, caller: Caller) -> Moment:
    moment = await own_moment(session, caller, name)
    if moment.deleted_at is not None:
        raise MomentGone()
    return moment


router = APIRouter()
router.include_router(api)
router.include_router(hls_api.router)
router.include_router(trim_window_api.api_and_media)
router.include_router(media_api.router)
