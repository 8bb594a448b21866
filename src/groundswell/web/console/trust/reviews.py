"""The moderation queue: what waits and how long it may, in whose hands; deciding one or many, and the way back."""

from collections.abc import Iterable
from typing import Annotated, Any, cast, get_args
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.accounts.actors import actor_names
from groundswell.accounts.viewers import viewers_among
from groundswell.community.collections import collections_among
from groundswell.community.comments import comments_among
from groundswell.moments.moderation import described
from groundswell.platform.clock import utc_now
from groundswell.platform.pages import decode_cursor, next_cursor
from groundswell.platform.problems import Invalid, Problem
from groundswell.platform.routing import DbSession
from groundswell.trust import decisions, replies, reviews
from groundswell.trust.grounds import LANES, REASONS
from groundswell.trust.reporters import may_see_severe
from groundswell.trust.tables import Review
from groundswell.web.console.filters import one_of
from groundswell.web.console.shell import ConsoleRoute, staff_page
from groundswell.web.responses import see_other
from groundswell.web.templating import page

from .comments import HELD_FOR
from .moderation import ACTIONS, KINDS

router = APIRouter(prefix="/console/reviews", route_class=ConsoleRoute)

Moderator = Annotated[Caller, Depends(staff_page("reports.handle"))]

PAGE = 50
LANE_WORDS = {"severe": "Severe", "law": "Notice", "held": "Held", "community": "Reported"}
VERBS = {
    "keep": "Let it stand",
    "hide": "Take it down",
    "hold": "Hold it back",
    "collapse": "Collapse it",
    "demote": "Show it less",
    "withhold": "Withhold its money",
}
assert set(VERBS) == set(get_args(reviews.Verb))
SAVED = {
    "done": "Decided, and on record.",
    "undone": "Taken back. It is open again.",
    "taken": "You have it in hand for half an hour.",
    "given": "Anybody may take it now.",
}
WORDS: dict[str, Any] = {
    "lanes": LANE_WORDS,
    "kinds": KINDS,
    "actions": ACTIONS,
    "verbs": VERBS,
    "reasons": REASONS,
    "held_for": HELD_FOR,
}


@router.get("")
async def queue(
    request: Request,
    session: DbSession,
    caller: Moderator,
    lane: str | None = None,
    state: str | None = None,
    cursor: str | None = None,
    saved: str | None = None,
    left: Annotated[int | None, Query(ge=1, le=PAGE)] = None,
) -> Response:
    """What waits, due first; or what is in my hands, or what was decided."""
    severe = may_see_severe(caller)
    chosen = one_of("lane", lane, LANE_WORDS, None)
    which = one_of("state", state, {"waiting": "Waiting", "mine": "Mine", "decided": "Decided"}, "waiting")
    rows = await reviews.queue(
        session,
        PAGE,
        decode_cursor(cursor),
        severe=severe,
        lane=chosen,
        assigned_to=caller.actor if which == "mine" else None,
        closed=which == "decided",
    )
    return page(
        request,
        "console/trust/reviews.html",
        caller=caller,
        rows=rows,
        about=await about(session, rows),
        sizes=await reviews.sizes(session, [row.id for row in rows]),
        by=await actor_names(session, [who for row in rows for who in (row.assigned_to, row.closed_by) if who]),
        counts=await reviews.counts(session, severe=severe),
        shown_lanes=[each for each in LANES if severe or each != "severe"],
        lane=chosen,
        state=which,
        next=next_cursor(rows, PAGE),
        now=utc_now(),
        saved=SAVED.get(saved or ""),
        left=left,
        replies=await replies.every(session),
        **WORDS,
    )


async def about(session: AsyncSession, rows: Iterable[Review]) -> dict[UUID, tuple[str, str, str | None]]:
    """What reviews are about: words, whose, and where to look at it."""
    ids: dict[str, list[UUID]] = {}
    for row in rows:
        ids.setdefault(row.subject_kind, []).append(row.subject_id)
    found: dict[UUID, tuple[str, str, str | None]] = {}
    for moment, title, maker in await described(session, ids.get("moment", [])):
        words = moment.caption or f"A clip of {title.name}"
        found[moment.id] = (words, maker.name, f"/console/trust/moments/{moment.code}")
    comments = await comments_among(session, ids.get("comment", []))
    below = {m.id: m for m, _, _ in await described(session, {each.moment_id for each in comments.values()})}
    writers = await viewers_among(session, {each.viewer_id for each in comments.values()})
    for comment in comments.values():
        there = below.get(comment.moment_id)
        where = None if there is None else f"/console/trust/moments/{there.code}"
        found[comment.id] = (comment.text or "Deleted", writers[comment.viewer_id].name, where)
    for each in (await collections_among(session, ids.get("collection", []))).values():
        found[each.id] = (each.name or "Deleted", "", f"/c/{each.code}")
    for viewer in (await viewers_among(session, ids.get("viewer", []))).values():
        found[viewer.id] = (viewer.name or "Somebody erased", f"@{viewer.handle}", None)
    return found


@router.get("/{review_id}")
async def read(
    request: Request, session: DbSession, caller: Moderator, review_id: UUID, saved: str | None = None
) -> Response:
    """One review: what people say, what was decided about the same before, and deciding it."""
    return await _page(request, session, caller, review_id, {"saved": SAVED.get(saved or "")})


async def _page(
    request: Request, session: AsyncSession, caller: Caller, review_id: UUID, shown: dict[str, Any], status: int = 200
) -> Response:
    review = await reviews.find_review(session, review_id, severe=may_see_severe(caller))
    history = await decisions.history_of(session, review.subject_kind, review.subject_id)
    people = [
        review.assigned_to,
        review.closed_by,
        *(who for each in history for who in (each.decided_by, each.lifted_by)),
    ]
    defaults: dict[str, Any] = {"saved": None, "problem": None}
    defaults["typed"] = {"action": "", "reason": "", "explanation": ""}
    return page(
        request,
        "console/trust/review.html",
        status=status,
        caller=caller,
        row=review,
        about=(await about(session, [review])).get(review.subject_id),
        told=(await reviews.told_in(session, [review.id])).get(review.id, []),
        size=(await reviews.sizes(session, [review.id])).get(review.id, 0),
        history=history,
        by=await actor_names(session, [who for who in people if who]),
        replies=await replies.every(session),
        now=utc_now(),
        **(WORDS | defaults | shown),
    )


@router.post("/{review_id}/hand")
async def hand(
    session: DbSession, caller: Moderator, review_id: UUID, mine: Annotated[bool, Form()] = False
) -> Response:
    """Take it in hand, or give it back."""
    review = await reviews.find_review(session, review_id, severe=may_see_severe(caller), held=True)
    await reviews.assign(session, review, caller.actor if mine else None, caller.actor)
    return see_other(f"/console/reviews/{review_id}?saved={'taken' if mine else 'given'}")


@router.post("/{review_id}/decision")
async def decide(
    request: Request,
    session: DbSession,
    caller: Moderator,
    review_id: UUID,
    action: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
    explanation: Annotated[str, Form()] = "",
) -> Response:
    """Decide it."""
    typed = {"action": action, "reason": reason, "explanation": explanation}
    try:
        async with session.begin_nested():
            review = await reviews.find_review(session, review_id, severe=may_see_severe(caller), held=True)
            await reviews.settle(session, review, by=caller.actor, **_decision(typed))
    except Problem as problem:
        return await _page(request, session, caller, review_id, {"problem": problem, "typed": typed}, problem.status)
    return see_other(f"/console/reviews/{review_id}?saved=done")


def _decision(typed: dict[str, str]) -> dict[str, Any]:
    words = typed["explanation"].strip()
    if typed["action"] not in VERBS or typed["reason"] not in REASONS or not 1 <= len(words) <= 2000:
        raise Invalid("Choose what to do and a reason, and say why in 1 to 2,000 characters: whom it meets reads it.")
    return {"action": cast(reviews.Verb, typed["action"]), "reason_code": typed["reason"], "explanation": words}


@router.post("/decisions")
async def decide_many(
    session: DbSession,
    caller: Moderator,
    review: Annotated[list[UUID] | None, Form()] = None,
    action: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
    explanation: Annotated[str, Form()] = "",
) -> Response:
    """Decide those that are ticked alike."""
    if not review or len(review) > 100:
        raise Invalid("Tick what you mean: 1 to 100.")
    wanted = _decision({"action": action, "reason": reason, "explanation": explanation})
    done = await reviews.settle_many(session, review, severe=may_see_severe(caller), by=caller.actor, **wanted)
    left = sum(each.problem is not None for each in done)
    return see_other(f"/console/reviews?saved=done&left={left}" if left else "/console/reviews?saved=done")


@router.post("/{review_id}/undo")
async def undo(session: DbSession, caller: Moderator, review_id: UUID) -> Response:
    """Take the decision back."""
    review = await reviews.find_review(session, review_id, severe=may_see_severe(caller), held=True)
    await reviews.undo(session, review, caller.actor)
    return see_other(f"/console/reviews/{review_id}?saved=undone")


@router.post("/replies")
async def save_reply(
    session: DbSession,
    caller: Moderator,
    name: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
    text: Annotated[str, Form()] = "",
) -> Response:
    """Keep words for the next time."""
    if not 1 <= len(name.strip()) <= 80 or reason not in REASONS or not 1 <= len(text.strip()) <= 2000:
        raise Invalid("Give it a name, choose a reason, and write the words.")
    await replies.save(session, name.strip(), reason, text.strip(), caller.actor)
    return see_other("/console/reviews#replies")


@router.post("/replies/{reply_id}/drop")
async def drop_reply(session: DbSession, caller: Moderator, reply_id: UUID) -> Response:
    """Keep a reply no longer."""
    await replies.drop(session, reply_id)
    return see_other("/console/reviews#replies")
