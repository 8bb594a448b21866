"""The moderation queue over HTTP: what waits and how long, taking it in hand, deciding one or many, the way back."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from groundswell.accounts.access import Caller, staff
from groundswell.platform.pages import Cursor, Limit, Page, decode_cursor, next_cursor
from groundswell.platform.routing import DbSession, TransactionalRoute

from . import preservation, replies, reviews
from .notice_schemas import (
    AssignIn,
    PreservedOut,
    ReplyIn,
    ReplyOut,
    ReviewDetail,
    ReviewOut,
    SettledOut,
    SettleIn,
    SettleManyIn,
)
from .reporters import may_see_severe
from .schemas import DecisionOut, ReportOut

router = APIRouter(prefix="/v1", tags=["trust"], route_class=TransactionalRoute)

Moderator = Annotated[Caller, Depends(staff("reports.handle"))]
Guardian = Annotated[Caller, Depends(staff("severe.handle"))]


@router.get("/reviews")
async def list_reviews(
    caller: Moderator,
    session: DbSession,
    lane: Literal["severe", "law", "held", "community"] | None = None,
    kind: Literal["moment", "comment", "collection", "viewer"] | None = None,
    mine: Annotated[bool, Query(description="Only what I have in hand.")] = False,
    closed: Annotated[bool, Query(description="Decided ones, newest first.")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ReviewOut]:
    """What waits for a decision, due first; severe ones only for those who have the power for them."""
    rows = await reviews.queue(
        session,
        limit,
        decode_cursor(cursor),
        severe=may_see_severe(caller),
        lane=lane,
        kind=kind,
        assigned_to=caller.actor if mine else None,
        closed=closed,
    )
    return Page(items=[ReviewOut.model_validate(row) for row in rows], next=next_cursor(rows, limit))


@router.get("/reviews/{review}")
async def read_review(review: UUID, caller: Moderator, session: DbSession) -> ReviewDetail:
    """A review with its newest reports."""
    found = await reviews.find_review(session, review, severe=may_see_severe(caller))
    told = (await reviews.told_in(session, [found.id])).get(found.id, [])
    return ReviewDetail(
        **ReviewOut.model_validate(found).model_dump(),
        reports=[ReportOut.model_validate(each) for each in told],
        report_count=(await reviews.sizes(session, [found.id])).get(found.id, 0),
    )


@router.post("/reviews/{review}/assign")
async def assign_review(review: UUID, body: AssignIn, caller: Moderator, session: DbSession) -> ReviewOut:
    """Take a review in hand: for half an hour nobody else decides it. Or give it back."""
    found = await reviews.find_review(session, review, severe=may_see_severe(caller), held=True)
    to = caller.actor if body.mine else None
    return ReviewOut.model_validate(await reviews.assign(session, found, to, caller.actor))


@router.post("/reviews/{review}/decision", status_code=201)
async def settle_review(review: UUID, body: SettleIn, caller: Moderator, session: DbSession) -> DecisionOut:
    """Decide a review. Of two who do so at once, one decides and the other is told."""
    found = await reviews.find_review(session, review, severe=may_see_severe(caller), held=True)
    made = await reviews.settle(session, found, by=caller.actor, **body.model_dump())
    return DecisionOut.model_validate(made)


@router.post("/reviews/decisions")
async def settle_reviews(body: SettleManyIn, caller: Moderator, session: DbSession) -> list[SettledOut]:
    """Decide several reviews alike; each is decided, or says why not, for itself."""
    done = await reviews.settle_many(
        session,
        body.reviews,
        severe=may_see_severe(caller),
        by=caller.actor,
        **body.model_dump(exclude={"reviews"}),
    )
    return [
        SettledOut(
            review=each.review_id,
            decision=None if each.decision is None else DecisionOut.model_validate(each.decision),
            code=None if each.problem is None else each.problem.reason(),
            detail=None if each.problem is None else each.problem.detail,
        )
        for each in done
    ]


@router.post("/reviews/{review}/undo")
async def undo_review(review: UUID, caller: Moderator, session: DbSession) -> ReviewOut:
    """Take a decision back: its restriction is lifted; the review and its reports are open again."""
    found = await reviews.find_review(session, review, severe=may_see_severe(caller), held=True)
    return ReviewOut.model_validate(await reviews.undo(session, found, caller.actor))


@router.get("/saved-replies")
async def list_replies(
    caller: Moderator, session: DbSession, cursor: Cursor = None, limit: Limit = 50
) -> Page[ReplyOut]:
    """Saved replies, newest first."""
    rows = await replies.newest(session, limit, decode_cursor(cursor))
    return Page(items=[ReplyOut.model_validate(row) for row in rows], next=next_cursor(rows, limit))


@router.post("/saved-replies", status_code=201)
async def save_reply(body: ReplyIn, caller: Moderator, session: DbSession) -> ReplyOut:
    """Keep words for the next time."""
    return ReplyOut.model_validate(await replies.save(session, body.name, body.reason_code, body.text, caller.actor))


@router.delete("/saved-replies/{reply}", status_code=204)
async def drop_reply(reply: UUID, caller: Moderator, session: DbSession) -> Response:
    """Keep a reply no longer."""
    await replies.drop(session, reply)
    return Response(status_code=204)


@router.get("/preserved")
async def list_preserved(
    caller: Guardian, session: DbSession, cursor: Cursor = None, limit: Limit = 50
) -> Page[PreservedOut]:
    """What is preserved of severe things that were taken down, newest first. That it was looked at is recorded."""
    rows = await preservation.kept(session, limit, decode_cursor(cursor))
    items = [PreservedOut.model_validate(row) for row in rows]
    return Page(items=items, next=preservation.next_page(rows, limit))
