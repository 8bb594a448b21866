"""Supercuts over HTTP. Every request for one's bytes is judged anew: what may not be shown any more is not served."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from groundswell.accounts.access import MaybeCaller, SignedIn, caller_of, claims_of
from groundswell.accounts.tokens import TokenExpired, TokenInvalid
from groundswell.moments.availability import Audience
from groundswell.moments.media.eviction import note_asked
from groundswell.platform.change_pace import kept_to
from groundswell.platform.files import ranged_response
from groundswell.platform.problems import NotFound
from groundswell.platform.routing import DbSession, TransactionalRoute
from groundswell.platform.services import services_of

from . import supercuts
from .collections import find_collection
from .people import KidsApart, grown, no_child
from .supercut_schemas import SupercutOut
from .supercut_views import shown_supercut

v1 = APIRouter(prefix="/v1", tags=["community"], route_class=TransactionalRoute, dependencies=[Depends(no_child)])
media = APIRouter(tags=["media"])

ForPurpose = Annotated[Literal["play", "download"], Query(description="`download`: offered for saving.")]


@v1.post("/collections/{collection}/supercut", status_code=202)
@kept_to("one at a time is made for a person, 50 in all; one of a collection")
async def ask_supercut(collection: str, caller: SignedIn, session: DbSession, request: Request) -> SupercutOut:
    """Have a collection that I may fill made into one clip, of those of its moments that may be shown in one; the
    others are left out, with the reason. It is made in the background."""
    settings, by = services_of(request).settings, Audience.of(grown(caller), request)
    await supercuts.ask(session, settings, caller, by, collection)
    return await shown_supercut(session, settings, await find_collection(session, collection, caller), caller, by)


@v1.get("/collections/{collection}/supercut")
async def read_supercut(collection: str, caller: MaybeCaller, session: DbSession, request: Request) -> SupercutOut:
    """A collection as one clip, where there is one: how far it is, and where whoever asks may watch it."""
    found = await find_collection(session, collection, caller)
    by = Audience.of(caller, request)
    return await shown_supercut(session, services_of(request).settings, found, caller, by)


@v1.delete("/collections/{collection}/supercut", status_code=204)
async def delete_supercut(collection: str, caller: SignedIn, session: DbSession) -> Response:
    """Have the supercut no longer, of a collection that I may fill."""
    await supercuts.give_up(session, grown(caller), collection)
    return Response(status_code=204)


@media.head("/c/{collection}/supercut.mp4", include_in_schema=False)
@media.get("/c/{collection}/supercut.mp4", operation_id="collection_supercut")
async def supercut_media(collection: str, request: Request, purpose: ForPurpose = "play") -> Response:
    """A collection's supercut as MP4 (byte ranges, a chapter for each moment), for whom each of its parts may be shown
    to now. Saving it is a right of its own."""
    services = services_of(request)
    try:
        claims = await claims_of(request)
    except (TokenExpired, TokenInvalid):
        claims = None
    async with services.database.transaction() as session:
        caller = None if claims is None else await caller_of(session, claims)
        if caller is not None and caller.viewer.kids:
            raise KidsApart()
        found = await find_collection(session, collection, caller)
        row, key = await supercuts.opened(session, found, Audience.of(caller, request), purpose)
        note_asked(row)
    filename = f"{found.code}.mp4" if purpose == "download" else None
    try:
        return await ranged_response(services.runtime.store, key, request, "video/mp4", filename=filename)
    except NotFound:  # the store has lost it: whoever fills the collection can have it made anew
        async with services.database.transaction() as session:
            await supercuts.outdate(session, [found.id])
        raise supercuts.SupercutUnknown() from None
