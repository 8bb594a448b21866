"""Appeals and counter-notices: what waits, decided by somebody else than who took the decision."""

from typing import Annotated, Any, cast, get_args
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.accounts.actors import actor_names, actor_of
from groundswell.platform.clock import utc_now
from groundswell.platform.pages import decode_cursor, encode_cursor
from groundswell.platform.problems import Invalid, Problem
from groundswell.platform.routing import DbSession
from groundswell.trust import appeals, counter_notices
from groundswell.trust.grounds import REASONS
from groundswell.trust.reporters import may_see_severe
from groundswell.web.console.filters import one_of
from groundswell.web.console.shell import ConsoleRoute, staff_page
from groundswell.web.responses import see_other
from groundswell.web.templating import page

from .moderation import ACTIONS, KINDS

router = APIRouter(prefix="/console/appeals", route_class=ConsoleRoute)

Judge = Annotated[Caller, Depends(staff_page("decisions.make"))]

PAGE = 50
STATES = {"waiting": "Waiting", "decided": "Decided"}
OUTCOMES = {"confirmed": "The decision stands", "reversed": "It is taken back"}
NOTICE_STATES = {"waiting": "Waiting", "stopped": "In court", "restored": "Put back"}
WORDS: dict[str, Any] = {"reasons": REASONS, "actions": ACTIONS, "kinds": KINDS, "outcomes": OUTCOMES}


@router.get("")
async def queue(
    request: Request,
    session: DbSession,
    caller: Judge,
    state: str | None = None,
    cursor: str | None = None,
    saved: str | None = None,
) -> Response:
    """Appeals, oldest first, and the counter-notices."""
    return await _page(request, session, caller, {"state": state, "cursor": cursor, "saved": saved})


async def _page(
    request: Request, session: AsyncSession, caller: Caller, asked: dict[str, Any], status: int = 200
) -> Response:
    which = one_of("state", asked.get("state"), STATES, "waiting")
    after = decode_cursor(asked.get("cursor"))
    severe = may_see_severe(caller)
    rows = await appeals.queue(session, PAGE, after, severe=severe, decided=which == "decided")
    people = [who for made, decision in rows for who in (decision.decided_by, made.decided_by) if who]
    return page(
        request,
        "console/trust/appeals.html",
        status=status,
        caller=caller,
        rows=rows,
        state=which,
        states=STATES,
        by=await actor_names(session, [*people, *(actor_of(made.appellant_id) for made, _ in rows)]),
        actor_of=actor_of,
        counters=await counter_notices.newest(session, PAGE, None),
        notice_states=NOTICE_STATES,
        next=encode_cursor(rows[-1][0].id) if len(rows) == PAGE else None,
        now=utc_now(),
        saved={"done": "Decided, and on record.", "stopped": "It stays down."}.get(asked.get("saved") or ""),
        problem=asked.get("problem"),
        typed=asked.get("typed", {"id": None, "explanation": ""}),
        **WORDS,
    )


@router.post("/{appeal_id}")
async def judge(
    request: Request,
    session: DbSession,
    caller: Judge,
    appeal_id: UUID,
    outcome: Annotated[str, Form()] = "",
    explanation: Annotated[str, Form()] = "",
) -> Response:
    """Decide one."""
    words = explanation.strip()
    try:
        async with session.begin_nested():
            if outcome not in get_args(appeals.Outcome) or not 1 <= len(words) <= 2000:
                raise Invalid("Choose, and say why in 1 to 2,000 characters: they read it.")
            wanted = cast(appeals.Outcome, outcome)
            await appeals.judge(session, appeal_id, wanted, words, caller.actor, severe=may_see_severe(caller))
    except Problem as problem:
        typed = {"id": appeal_id, "explanation": explanation}
        return await _page(request, session, caller, {"problem": problem, "typed": typed}, problem.status)
    return see_other("/console/appeals?saved=done")


@router.post("/counter-notices/{notice_id}")
async def stop(
    session: DbSession, caller: Judge, notice_id: UUID, court_action: Annotated[str, Form()] = ""
) -> Response:
    """Record that whoever gave the notice has gone to court."""
    if not 3 <= len(court_action.strip()) <= 500:
        raise Invalid("Say which court, and under which number.")
    await counter_notices.stop(session, notice_id, court_action.strip(), caller.actor)
    return see_other("/console/appeals?saved=stopped")
