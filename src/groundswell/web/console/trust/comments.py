"""Comments that wait to be looked at, and reported ones: let through, taken down, dismissed."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response

from groundswell.accounts.access import Caller
from groundswell.accounts.viewers import viewers_among
from groundswell.community import comment_list, comments
from groundswell.community.comments import comments_among
from groundswell.moments.moderation import described
from groundswell.platform.pages import decode_cursor, next_cursor
from groundswell.platform.routing import DbSession
from groundswell.trust import reports
from groundswell.trust.decisions import decide
from groundswell.trust.grounds import REASONS
from groundswell.trust.reporters import may_see_severe
from groundswell.web.console.shell import ConsoleRoute, staff_page
from groundswell.web.responses import see_other
from groundswell.web.templating import page

router = APIRouter(prefix="/console/comments", route_class=ConsoleRoute)

Trust = Annotated[Caller, Depends(staff_page("reports.handle"))]

PAGE = 50
QUEUE = 200
HELD_FOR = {
    "watched_word": "Watched word",
    "restricted": "Writer restricted",
    "everything": "Everything is held",
    "new_account": "New account",
    "link": "Link",
}
EXPLAINED = "This comment was taken down after it was looked at."


@router.get("")
async def queue(
    request: Request, session: DbSession, caller: Trust, cursor: str | None = None, saved: str | None = None
) -> Response:
    """Held comments, oldest first, and the open reports about comments."""
    held = await comment_list.held_below(session, None, PAGE, decode_cursor(cursor))
    told = await reports.open_about_comments(session, QUEUE)
    reported = await comments_among(session, {each.comment_id for each in told if each.comment_id})
    every = [*held, *reported.values()]
    moments = {
        moment.id: (moment, title) for moment, title, _ in await described(session, {c.moment_id for c in every})
    }
    return page(
        request,
        "console/trust/comments.html",
        caller=caller,
        held=held,
        reports=[each for each in told if each.comment_id in reported],
        reported=reported,
        moments=moments,
        writers=await viewers_among(session, {each.viewer_id for each in every}),
        next=next_cursor(held, PAGE),
        reasons=REASONS,
        held_for=HELD_FOR,
        saved=saved,
    )


@router.post("/{comment_id}")
async def answer(
    session: DbSession,
    caller: Trust,
    comment_id: UUID,
    do: Annotated[Literal["release", "hide"], Form()],
    reason: Annotated[str, Form(max_length=60)] = "other",
) -> Response:
    """Let a held comment through, or take one down, with a reason that its writer may ask for."""
    comment = await comments.find_comment(session, comment_id, held=True)
    if do == "release":
        await comments.let_through(session, comment, caller.actor)
        return see_other("/console/comments?saved=released")
    code = reason if reason in REASONS else "other"
    await decide(
        session,
        kind="comment",
        subject_id=comment.id,
        action="hide",
        reason_code=code,
        explanation=f"{EXPLAINED} Reason: {REASONS[code]}.",
        decided_by=caller.actor,
    )
    await comments.let_through(session, comment)
    return see_other("/console/comments?saved=hidden")


@router.post("/reports/{report_id}/dismiss")
async def dismiss(session: DbSession, caller: Trust, report_id: UUID) -> Response:
    """Close a report without a decision."""
    await reports.dismiss(session, report_id, caller.actor, severe=may_see_severe(caller))
    return see_other("/console/comments?saved=dismissed")
