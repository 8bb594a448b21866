"""The fraud desk: cases with their evidence; what each step would change, shown before it is done; undoing it."""

from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.accounts.actors import actor_names
from groundswell.accounts.viewers import viewers_among
from groundswell.platform.pages import decode_cursor, next_cursor
from groundswell.platform.problems import Problem
from groundswell.platform.routing import DbSession
from groundswell.trust import cases
from groundswell.trust.providers import standing_of
from groundswell.web.console.filters import one_of
from groundswell.web.console.forms import parse_reason
from groundswell.web.console.shell import ConsoleRoute, staff_page
from groundswell.web.responses import see_other
from groundswell.web.templating import page

router = APIRouter(prefix="/console/cases", route_class=ConsoleRoute)

Desk = Annotated[Caller, Depends(staff_page("cases.handle"))]

PAGE = 50
STATES = {"open": "Open", "upheld": "Upheld", "cleared": "Cleared"}
ACTIONS: dict[str, tuple[str, str]] = {
    "reject": ("Reject its visits", "They count for no person: clicks, credit, money and rank follow."),
    "accept": ("Accept its visits", "They count for people's again, and what was taken back for them is given back."),
    "hold": ("Hold their money", "Nothing is paid to them until this is undone."),
    "ban": ("Ban them", "Nothing of theirs is shown or earns until this is undone."),
    "notice": ("Tell them", "They read your words on their page, and can object. This cannot be undone."),
    "uphold": ("Close: upheld", "The suspicion was right."),
    "clear": ("Close: cleared", "The suspicion was wrong."),
}
"""What can be done, and what that means."""

DONE = {**{name: words for name, (words, _) in ACTIONS.items()}, "appeal": "They object"}
WORDS: dict[str, Any] = {"rules": cases.RULES, "actions": ACTIONS, "done": DONE, "states": STATES}


@router.get("")
async def list_cases(
    request: Request, session: DbSession, caller: Desk, status: str | None = None, cursor: str | None = None
) -> Response:
    """Cases, newest first; open ones unless others are asked for."""
    chosen = one_of("status", status, STATES, "open")
    rows = await cases.newest(session, PAGE, decode_cursor(cursor), chosen)
    return page(
        request,
        "console/trust/cases.html",
        caller=caller,
        rows=rows,
        state=chosen,
        sizes=await cases.sizes(session, [row.id for row in rows]),
        people=await viewers_among(session, {row.subject_id for row in rows}),
        next=next_cursor(rows, PAGE),
        **WORDS,
    )


@router.get("/{case_id}")
async def read_case(
    request: Request,
    case_id: UUID,
    session: DbSession,
    caller: Desk,
    action: str | None = None,
    saved: str | None = None,
) -> Response:
    """A case; with ``action``, what that would change."""
    chosen = one_of("action", action, ACTIONS, None)
    return await _case_page(request, session, caller, case_id, {"chosen": chosen, "saved": saved})


async def _case_page(
    request: Request, session: AsyncSession, caller: Caller, case_id: UUID, shown: dict[str, Any], status: int = 200
) -> Response:
    chosen = shown.get("chosen")
    change, problem = None, shown.get("problem")
    if chosen and problem is None:
        try:
            change = await cases.preview(session, case_id, chosen)
        except Problem as refused:
            problem, status = refused, refused.status
    case = await cases.one(session, case_id)
    steps, items = await cases.steps(session, case.id), await cases.items(session, case.id)
    people = await viewers_among(session, {case.subject_id})
    return page(
        request,
        "console/trust/case.html",
        status=status,
        caller=caller,
        case=case,
        subject=people.get(case.subject_id),
        items=items,
        size=(await cases.sizes(session, [case.id])).get(case.id, 0),
        steps=steps,
        by=await actor_names(session, [who for step in steps for who in (step.by, step.undone_by) if who]),
        standing=await standing_of(session, case.subject_id),
        **(WORDS | {"reason": "", "saved": None} | shown | {"change": change, "problem": problem}),
    )


@router.post("/{case_id}/steps")
async def take_step(
    request: Request,
    case_id: UUID,
    session: DbSession,
    caller: Desk,
    action: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Do something about a case."""
    chosen = one_of("action", action, ACTIONS, None)
    if chosen is None:
        return see_other(f"/console/cases/{case_id}")
    try:
        await cases.take(session, case_id, cast(cases.Action, chosen), parse_reason(reason), caller.actor)
    except Problem as refused:
        shown = {"chosen": chosen, "problem": refused, "reason": reason}
        return await _case_page(request, session, caller, case_id, shown, refused.status)
    return see_other(f"/console/cases/{case_id}?saved=done")


@router.post("/steps/{step_id}/undo")
async def undo_step(step_id: UUID, session: DbSession, caller: Desk) -> Response:
    """Undo a step; its record stays."""
    step = await cases.undo(session, step_id, caller.actor)
    return see_other(f"/console/cases/{step.case_id}?saved=undone")
