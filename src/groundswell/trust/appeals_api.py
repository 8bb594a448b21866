"""The queue of appeals and of counter-notices over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from groundswell.accounts.access import Caller, staff
from groundswell.platform.pages import Cursor, Limit, Page, decode_cursor, encode_cursor, next_cursor
from groundswell.platform.routing import DbSession, TransactionalRoute

from . import appeals, counter_notices
from .notice_schemas import AppealDetail, AppealOut, CounterNoticeOut, CourtIn, JudgeIn
from .reporters import may_see_severe
from .schemas import DecisionOut
from .tables import Appeal, Decision

router = APIRouter(prefix="/v1", tags=["trust"], route_class=TransactionalRoute)

Judge = Annotated[Caller, Depends(staff("decisions.make"))]


@router.get("/appeals")
async def list_appeals(
    caller: Judge,
    session: DbSession,
    decided: Annotated[bool, Query(description="Decided ones, newest first.")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[AppealDetail]:
    """Appeals that wait, oldest first, with the decisions that they contest."""
    severe = may_see_severe(caller)
    rows = await appeals.queue(session, limit, decode_cursor(cursor), severe=severe, decided=decided)
    after = encode_cursor(rows[-1][0].id) if len(rows) == limit else None
    return Page(items=[_detail(*row) for row in rows], next=after)


@router.get("/appeals/{appeal}")
async def read_appeal(appeal: UUID, caller: Judge, session: DbSession) -> AppealDetail:
    """An appeal with the decision that it contests."""
    return _detail(*await appeals.find_appeal(session, appeal, severe=may_see_severe(caller)))


@router.post("/appeals/{appeal}/verdict", status_code=201)
async def judge_appeal(appeal: UUID, body: JudgeIn, caller: Judge, session: DbSession) -> AppealDetail:
    """Decide an appeal, as somebody else than who took the decision: it stands, or is taken back."""
    severe = may_see_severe(caller)
    made = await appeals.judge(session, appeal, body.outcome, body.explanation, caller.actor, severe=severe)
    return _detail(made, await session.get_one(Decision, made.decision_id))


def _detail(appeal: Appeal, decision: Decision) -> AppealDetail:
    return AppealDetail(
        **AppealOut.model_validate(appeal).model_dump(),
        appellant_id=appeal.appellant_id,
        decided_by=appeal.decided_by,
        verdict_id=appeal.verdict_id,
        decision=DecisionOut.model_validate(decision),
    )


@router.get("/counter-notices")
async def list_counter_notices(
    caller: Judge, session: DbSession, cursor: Cursor = None, limit: Limit = 50
) -> Page[CounterNoticeOut]:
    """Counter-notices, newest first."""
    rows = await counter_notices.newest(session, limit, decode_cursor(cursor))
    return Page(items=[CounterNoticeOut.model_validate(row) for row in rows], next=next_cursor(rows, limit))


@router.post("/counter-notices/{notice}/court-action")
async def stop_counter_notice(notice: UUID, body: CourtIn, caller: Judge, session: DbSession) -> CounterNoticeOut:
    """Record that whoever gave the notice has gone to court: what was taken down stays so."""
    stopped = await counter_notices.stop(session, notice, body.court_action, caller.actor)
    return CounterNoticeOut.model_validate(stopped)
