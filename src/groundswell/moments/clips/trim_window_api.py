"""Windows of a title for its trimmer, over HTTP: opened by a moment's maker, and seen by nobody else."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from groundswell.accounts.access import SignedIn
from groundswell.catalog.tables import Title
from groundswell.moments.availability import Audience, MomentGone, check_available
from groundswell.moments.lookup import MomentUnknown
from groundswell.moments.media.media_api import Asking, made_media
from groundswell.moments.media.tiers import facts_of
from groundswell.moments.recipes import Recipe
from groundswell.moments.schemas import WindowIn, WindowOut
from groundswell.moments.tables import Moment, TrimWindow
from groundswell.platform.problems import NotFound
from groundswell.platform.routing import DbSession, TransactionalRoute
from groundswell.platform.services import services_of

from .library import own_moment
from .trim_window import open_window

router = APIRouter(tags=["moments"])
api = APIRouter(prefix="/v1", tags=["moments"], route_class=TransactionalRoute)


@api.post("/moments/{moment}/windows", status_code=201)
async def make_window(moment: str, body: WindowIn, caller: SignedIn, session: DbSession, request: Request) -> WindowOut:
    """Look at the title around a span, to trim a moment of mine: some seconds on either side, as rights allow. How much
    one may look at in all is bounded."""
    row = await own_moment(session, caller, moment)
    if row.deleted_at is not None:
        raise MomentGone()
    territory = Audience.of(caller, request).territory
    window = await open_window(session, caller.viewer, row, body.start_us, body.end_us, territory)
    url = f"/m/{row.code}/windows/{window.id}.mp4"
    return WindowOut(start_us=window.start_us, end_us=window.end_us, url=url)


@router.head("/m/{code}/windows/{window}.mp4", include_in_schema=False)
@router.get("/m/{code}/windows/{window}.mp4", operation_id="moment_window", response_class=Response)
async def read_window(code: str, window: UUID, request: Request, audience: Asking) -> Response:
    """What a window shows, as MP4, for who opened it. 503 ``rendering`` until it is made."""
    async with services_of(request).database.transaction() as session:
        found = await session.get(TrimWindow, window)
        moment = None if found is None else await session.get_one(Moment, found.moment_id)
        if found is None or moment is None or moment.code != code:
            raise NotFound()
        if audience.viewer_id != found.viewer_id:
            raise MomentUnknown()
        title = await session.get_one(Title, moment.title_id)
        await check_available(session, moment, title, audience, span=(found.start_us, found.end_us))
        facts = (await facts_of(session, [moment.source_id]))[moment.source_id]
        recipe = Recipe(moment.source_id, found.start_us, found.end_us, facts.exact_mp4)
    return await made_media(request, recipe, cache_control="private, no-cache")


api_and_media = APIRouter()
api_and_media.include_router(api)
api_and_media.include_router(router)
