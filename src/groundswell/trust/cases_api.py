"""The fraud desk over HTTP: cases with their evidence, what a step would change, steps, undoing them, objections."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller, SignedIn, staff
from groundswell.platform.pages import Cursor, Limit, Page, decode_cursor, next_cursor
from groundswell.platform.routing import DbSession, TransactionalRoute

from . import cases
from .case_schemas import AppealIn, CaseDetail, CaseOut, ChangeOut, ItemOut, StandingOut, StepIn, StepOut
from .providers import standing_of
from .tables import Case

router = APIRouter(prefix="/v1", tags=["trust"], route_class=TransactionalRoute)

Desk = Annotated[Caller, Depends(staff("cases.handle"))]


@router.get("/cases")
async def list_cases(
    session: DbSession,
    caller: Desk,
    status: Literal["open", "upheld", "cleared"] | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[CaseOut]:
    """Cases of the fraud desk, newest first."""
    rows = await cases.newest(session, limit, decode_cursor(cursor), status)
    sizes = await cases.sizes(session, [row.id for row in rows])
    return Page(items=[_shown(row, sizes.get(row.id, 0)) for row in rows], next=next_cursor(rows, limit))


@router.get("/cases/{case_id}")
async def read_case(case_id: UUID, session: DbSession, caller: Desk) -> CaseDetail:
    """A case: its evidence (the newest 200), what was done, and how its subject stands now."""
    return await _detail(session, await cases.one(session, case_id))


async def _detail(session: AsyncSession, case: Case) -> CaseDetail:
    sizes = await cases.sizes(session, [case.id])
    return CaseDetail(
        **_shown(case, sizes.get(case.id, 0)).model_dump(),
        items=[ItemOut.model_validate(row) for row in await cases.items(session, case.id)],
        steps=[StepOut.model_validate(row) for row in await cases.steps(session, case.id)],
        standing=StandingOut.model_validate(await standing_of(session, case.subject_id)),
    )


def _shown(case: Case, size: int) -> CaseOut:
    columns = {name: getattr(case, name) for name in CaseOut.model_fields if hasattr(case, name)}
    return CaseOut(**columns, about=cases.RULES.get(case.rule, case.rule), size=size)


@router.get("/cases/{case_id}/preview")
async def preview_step(case_id: UUID, action: cases.Action, session: DbSession, caller: Desk) -> ChangeOut:
    """What a step would change of its subject's clicks, credit, money and rank. Nothing is done."""
    return ChangeOut.model_validate(await cases.preview(session, case_id, action))


@router.post("/cases/{case_id}/steps", status_code=201)
async def take_step(case_id: UUID, step: StepIn, session: DbSession, caller: Desk) -> StepOut:
    """Do something about a case: reject or accept its visits, hold money, ban, tell its subject, close it."""
    return StepOut.model_validate(await cases.take(session, case_id, step.action, step.reason, caller.actor))


@router.post("/cases/steps/{step_id}/undo")
async def undo_step(step_id: UUID, session: DbSession, caller: Desk) -> StepOut:
    """Undo a step. Its record stays."""
    return StepOut.model_validate(await cases.undo(session, step_id, caller.actor))


@router.post("/cases/{case_id}/appeals", status_code=201)
async def object_to_case(case_id: UUID, appeal: AppealIn, session: DbSession, caller: SignedIn) -> StepOut:
    """Object to a case about me, of which I was told. One that was closed is looked at again."""
    return StepOut.model_validate(await cases.appeal(session, case_id, caller.id, appeal.text, caller.actor))
