"""Comments over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller, MaybeCaller, SignedIn, staff
from groundswell.catalog.spoilers import seen_by
from groundswell.catalog.tables import Title
from groundswell.moments.availability import REVIEWERS
from groundswell.moments.lookup import moment_by_id
from groundswell.moments.tables import Moment
from groundswell.platform.pages import Cursor, Limit, Page, decode_cursor, encode_cursor, next_cursor
from groundswell.platform.routing import DbSession, TransactionalRoute
from groundswell.platform.services import services_of
from groundswell.trust import reports
from groundswell.trust.reporters import reporter_of
from groundswell.trust.schemas import ReportTaken

from . import comment_list, comments
from .comment_list import CommentReader, ListedComment
from .comment_schemas import (
    CollapseIn,
    CommentChange,
    CommentIn,
    CommentOut,
    CommentReportIn,
    CommentsOut,
    HeldOut,
    PinIn,
)
from .comment_tables import Comment
from .comment_views import shown_all
from .doors import ByShare, meet
from .people import grown, no_child

v1 = APIRouter(prefix="/v1", tags=["community"], route_class=TransactionalRoute, dependencies=[Depends(no_child)])

Handler = Annotated[Caller, Depends(staff("reports.handle"))]


@v1.get("/moments/{moment}/comments")
async def read_comments(
    moment: str,
    request: Request,
    caller: MaybeCaller,
    session: DbSession,
    share: ByShare = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> CommentsOut:
    """What people say below a moment, newest first, the pinned one before all; each with its first answers. What is
    about a second that the reader has not reached comes without its words (`veiled`)."""
    met = await meet(session, request, caller, moment, share)
    settings = services_of(request).settings
    reader = await _reader(session, caller, met.moment, met.title)
    if settings.comments == "off":
        return CommentsOut(items=[], next=None, total=0, open=False, keeper=reader.keeper)
    rows = await comment_list.page_of(session, met.moment.id, met.title, reader, decode_cursor(cursor), limit)
    listed = [each for each in rows if each.comment.pinned_at is None]
    return CommentsOut(
        items=await shown_all(session, rows, caller, met.moment),
        next=encode_cursor(listed[-1].comment.id) if len(listed) >= limit else None,
        total=await comment_list.count_of(session, met.moment.id, reader),
        open=True,
        keeper=reader.keeper,
    )


@v1.post("/moments/{moment}/comments", status_code=201)
async def write_comment(
    moment: str, body: CommentIn, request: Request, caller: SignedIn, session: DbSession
) -> CommentOut:
    """Say something about a second of a moment, or answer. It may be held until somebody has looked at it (`held_for`);
    until then its writer alone sees it."""
    met = await meet(session, request, grown(caller), moment, body.share)
    settings = services_of(request).settings
    made = await comments.write(
        session, settings, caller, met, body.text, body.at_us, parent_id=body.parent, spoiler=body.spoiler
    )
    return await _of(session, caller, made)


@v1.get("/comments/{comment}")
async def read_comment(
    comment: UUID, request: Request, caller: MaybeCaller, session: DbSession, share: ByShare = None
) -> CommentOut:
    """One comment with its words, for who wants to read it all the same."""
    found = await comments.find_comment(session, comment)
    met = await meet(session, request, caller, str(found.moment_id), share)
    reader = await _reader(session, caller, met.moment, met.title)
    there = await comment_list.visible_one(session, found, reader)
    return (await shown_all(session, [ListedComment(there, veiled=False)], caller, met.moment))[0]


@v1.get("/comments/{comment}/answers")
async def read_answers(
    comment: UUID,
    request: Request,
    caller: MaybeCaller,
    session: DbSession,
    share: ByShare = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[CommentOut]:
    """The answers to a comment, oldest first."""
    found = await comments.find_comment(session, comment)
    met = await meet(session, request, caller, str(found.moment_id), share)
    reader = await _reader(session, caller, met.moment, met.title)
    await comment_list.visible_one(session, found, reader)
    rows = await comment_list.answers_to(session, found, met.title, reader, decode_cursor(cursor), limit)
    items = await shown_all(session, rows, caller, met.moment)
    return Page(items=items, next=encode_cursor(rows[-1].comment.id) if len(rows) >= limit else None)


@v1.patch("/comments/{comment}")
async def edit_comment(
    comment: UUID, body: CommentChange, request: Request, caller: SignedIn, session: DbSession
) -> CommentOut:
    """Change what I wrote. It is judged anew."""
    changed = await comments.edit(session, services_of(request).settings, grown(caller), comment, body.text)
    return await _of(session, caller, changed)


@v1.delete("/comments/{comment}", status_code=204)
async def delete_comment(comment: UUID, caller: SignedIn, session: DbSession) -> Response:
    """Delete what I wrote, or what somebody wrote below my moment. Its place stays, its words go."""
    await comments.delete_comment(session, grown(caller), comment)
    return Response(status_code=204)


@v1.post("/comments/{comment}/pin")
async def pin_comment(comment: UUID, body: PinIn, caller: SignedIn, session: DbSession) -> CommentOut:
    """Have a comment stand first below my moment, or no longer."""
    return await _of(session, caller, await comments.pin(session, grown(caller), comment, pinned=body.pinned))


@v1.post("/comments/{comment}/collapse")
async def collapse_comment(comment: UUID, body: CollapseIn, caller: SignedIn, session: DbSession) -> CommentOut:
    """Have a comment below my moment shown only to those who ask for it, or as any other again."""
    return await _of(
        session, caller, await comments.collapse(session, grown(caller), comment, collapsed=body.collapsed)
    )


@v1.post("/comments/{comment}/release")
async def release_comment(comment: UUID, caller: SignedIn, session: DbSession) -> CommentOut:
    """Show a comment that was held: below my moment, or as staff who handle reports. What holds a watched word only
    staff let through."""
    found = await comments.find_comment(session, comment, held=True)
    if not (await comments.may_release(session, caller, found)):
        raise comments.CommentUnknown()
    return await _of(session, caller, await comments.let_through(session, found, caller.actor))


@v1.get("/comments")
async def list_held(caller: Handler, session: DbSession, cursor: Cursor = None, limit: Limit = 50) -> Page[HeldOut]:
    """Comments that wait to be looked at, oldest first."""
    rows = await comment_list.held_below(session, None, limit, decode_cursor(cursor))
    return Page(items=[HeldOut.model_validate(row) for row in rows], next=next_cursor(rows, limit))


@v1.post("/comments/{comment}/reports", status_code=201)
async def report_comment(
    comment: UUID, body: CommentReportIn, request: Request, caller: MaybeCaller, session: DbSession
) -> ReportTaken:
    """Say that a comment should not be there. Anyone may, twenty times an hour; no account is needed."""
    found = await comments.find_comment(session, comment)
    met = await meet(session, request, caller, str(found.moment_id), body.share)
    there = await comment_list.visible_one(session, found, await _reader(session, caller, met.moment, met.title))
    made = await reports.report(
        session,
        moment_id=there.moment_id,
        comment_id=there.id,
        reason_code=body.reason_code,
        text=body.text,
        reporter=await reporter_of(request, caller),
    )
    return ReportTaken.model_validate(made)


async def _reader(session: AsyncSession, caller: Caller | None, moment: Moment, title: Title) -> CommentReader:
    keeper = caller is not None and (caller.id == moment.viewer_id or not REVIEWERS.isdisjoint(caller.roles))
    return CommentReader(caller, await seen_by(session, caller, [title]), keeper)


async def _of(session: AsyncSession, caller: Caller, comment: Comment) -> CommentOut:
    moment = await moment_by_id(session, comment.moment_id)
    assert moment is not None
    return (await shown_all(session, [ListedComment(comment, veiled=False)], caller, moment))[0]
