"""Collections and reposts over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from groundswell.accounts.access import Caller, MaybeCaller, SignedIn
from groundswell.moments.availability import Audience
from groundswell.platform.pages import Cursor, Limit, Page, decode_cursor, encode_cursor, next_cursor
from groundswell.platform.routing import DbSession, TransactionalRoute
from groundswell.platform.services import services_of
from groundswell.trust.reporters import reporter_of
from groundswell.trust.reports import report
from groundswell.trust.schemas import ReportTaken

from . import collections, reposts
from .collection_schemas import (
    CollaboratorIn,
    CollectionChanges,
    CollectionDetail,
    CollectionIn,
    CollectionOut,
    OrderIn,
    PartIn,
    RepostIn,
    RepostOut,
)
from .collection_tables import Collection
from .collection_views import shown_briefly, shown_collection
from .comment_schemas import CommentReportIn
from .people import KidsApart, find_person, grown, no_child

v1 = APIRouter(prefix="/v1", tags=["community"], route_class=TransactionalRoute, dependencies=[Depends(no_child)])


async def _detail(session: DbSession, request: Request, caller: Caller | None, found: Collection) -> CollectionDetail:
    settings = services_of(request).settings
    return await shown_collection(session, settings, found, caller, Audience.of(caller, request))


@v1.post("/collections", status_code=201)
async def make_collection(
    body: CollectionIn, caller: SignedIn, session: DbSession, request: Request
) -> CollectionDetail:
    """A new collection of mine; nobody else sees it unless I say so."""
    made = await collections.make(session, grown(caller), body.name, body.about, body.visibility)
    return await _detail(session, request, caller, made)


@v1.get("/collections")
async def list_collections(
    caller: MaybeCaller,
    session: DbSession,
    request: Request,
    by: Annotated[str | None, Query(max_length=200, description="Handle: their public ones. Without: mine.")] = None,
    cursor: Cursor = None,
    limit: Limit = 24,
) -> Page[CollectionOut]:
    """My collections and those that I fill with others; or somebody's public ones. Newest first."""
    if caller is not None and caller.viewer.kids:
        raise KidsApart()
    after, settings, audience = decode_cursor(cursor), services_of(request).settings, Audience.of(caller, request)
    if by is not None:
        person = await find_person(session, caller, by)
        rows = await collections.public_of(session, person.id, limit, after)
    else:
        rows = [] if caller is None else await collections.mine(session, caller.id, limit, after)
    items = []
    for row in rows:
        try:
            await collections.find_collection(session, str(row.id), caller)
        except collections.CollectionUnknown:
            continue
        items.append(await shown_briefly(session, settings, row, caller, audience))
    return Page(items=items, next=next_cursor(rows, limit))


@v1.get("/collections/{collection}")
async def read_collection(
    collection: str, caller: MaybeCaller, session: DbSession, request: Request
) -> CollectionDetail:
    """A collection, by id or code: of its parts, those that whoever asks may see now."""
    if caller is not None and caller.viewer.kids:
        raise KidsApart()
    return await _detail(session, request, caller, await collections.find_collection(session, collection, caller))


@v1.patch("/collections/{collection}")
async def change_collection(
    collection: str, body: CollectionChanges, caller: SignedIn, session: DbSession, request: Request
) -> CollectionDetail:
    """Change the title, the words, who sees it, or the cover, of a collection of mine."""
    changes = body.model_dump(exclude_unset=True)
    return await _detail(
        session, request, caller, await collections.change(session, grown(caller), collection, changes)
    )


@v1.delete("/collections/{collection}", status_code=204)
async def delete_collection(collection: str, caller: SignedIn, session: DbSession) -> Response:
    """Delete a collection of mine; what was in it stays where it was."""
    await collections.remove(session, grown(caller), collection)
    return Response(status_code=204)


@v1.post("/collections/{collection}/parts", status_code=201)
async def add_part(
    collection: str, body: PartIn, caller: SignedIn, session: DbSession, request: Request
) -> CollectionDetail:
    """Put a moment at the end of a collection that I may fill."""
    by = Audience.of(grown(caller), request)
    found = await collections.add(session, caller, by, collection, body.moment)
    return await _detail(session, request, caller, found)


@v1.delete("/collections/{collection}/parts/{moment}", status_code=204)
async def drop_part(collection: str, moment: str, caller: SignedIn, session: DbSession) -> Response:
    """Take a moment out: of mine any, of others' what I put in."""
    await collections.drop(session, grown(caller), collection, moment)
    return Response(status_code=204)


@v1.put("/collections/{collection}/order")
async def order_parts(
    collection: str, body: OrderIn, caller: SignedIn, session: DbSession, request: Request
) -> CollectionDetail:
    """Put the parts into another order."""
    found = await collections.order(session, grown(caller), collection, body.moments)
    return await _detail(session, request, caller, found)


@v1.post("/collections/{collection}/collaborators", status_code=201)
async def ask_collaborator(
    collection: str, body: CollaboratorIn, caller: SignedIn, session: DbSession, request: Request
) -> CollectionDetail:
    """Ask somebody to fill a collection of mine too."""
    await collections.ask(session, grown(caller), collection, body.handle)
    return await _detail(session, request, caller, await collections.owned(session, collection, caller))


@v1.post("/collections/{collection}/join")
async def join_collection(collection: str, caller: SignedIn, session: DbSession, request: Request) -> CollectionDetail:
    """Agree to fill a collection that I was asked to."""
    found = await collections.join(session, grown(caller), collection)
    return await _detail(session, request, caller, found)


@v1.delete("/collections/{collection}/collaborators/{handle}", status_code=204)
async def end_collaboration(collection: str, handle: str, caller: SignedIn, session: DbSession) -> Response:
    """End somebody's part in a collection of mine, or (`me`) my own in another's. What they put in stays."""
    await collections.leave(session, caller, collection, handle)
    return Response(status_code=204)


@v1.post("/collections/{collection}/reports", status_code=201)
async def report_collection(
    collection: str, body: CommentReportIn, request: Request, caller: MaybeCaller, session: DbSession
) -> ReportTaken:
    """Say that a collection should not be there. Anyone may, twenty times an hour; no account is needed."""
    found = await collections.find_collection(session, collection, caller)
    made = await report(
        session,
        collection_id=found.id,
        reason_code=body.reason_code,
        text=body.text,
        reporter=await reporter_of(request, caller),
    )
    return ReportTaken.model_validate(made)


@v1.post("/people/{handle}/reports", status_code=201)
async def report_person(
    handle: str, body: CommentReportIn, request: Request, caller: MaybeCaller, session: DbSession
) -> ReportTaken:
    """Say that somebody's profile should not be there. Anyone may, twenty times an hour; no account is needed."""
    found = await find_person(session, caller, handle)
    made = await report(
        session,
        person_id=found.id,
        reason_code=body.reason_code,
        text=body.text,
        reporter=await reporter_of(request, caller),
    )
    return ReportTaken.model_validate(made)


@v1.post("/moments/{moment}/repost", status_code=201)
async def repost_moment(
    moment: str, body: RepostIn, caller: SignedIn, session: DbSession, request: Request
) -> RepostOut:
    """Pass a public moment on to those who follow me, with its maker's credit, by a link of mine."""
    settings, by = services_of(request).settings, Audience.of(grown(caller), request)
    made = await reposts.repost(session, settings, caller, by, moment, body.share)
    return (await reposts.shown(session, settings, caller, by, [made]))[0]


@v1.delete("/moments/{moment}/repost", status_code=204)
async def withdraw_repost(moment: str, caller: SignedIn, session: DbSession, request: Request) -> Response:
    """Pass a moment on no longer; the link goes on to work."""
    await reposts.withdraw(session, grown(caller), Audience.of(caller, request), moment)
    return Response(status_code=204)


@v1.get("/following/reposts")
async def read_reposts(
    caller: SignedIn, session: DbSession, request: Request, cursor: Cursor = None, limit: Limit = 24
) -> Page[RepostOut]:
    """What those whom I follow passed on, newest first. A page may be short of `limit` while there is a next one."""
    settings, by = services_of(request).settings, Audience.of(grown(caller), request)
    items, last = await reposts.passed_on(session, settings, caller, by, limit, decode_cursor(cursor))
    return Page(items=items, next=None if last is None else encode_cursor(last))
