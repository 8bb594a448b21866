"""Months over HTTP: what stands in the way of closing each; closed by two, and opened again by two."""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller, staff
from groundswell.platform.routing import DbSession, TransactionalRoute

from . import month_close, month_end
from .schemas import Correction, Month, MonthClose, MonthClosingOut, MonthObstacle, MonthOut

router = APIRouter(prefix="/v1/months", tags=["earnings"], route_class=TransactionalRoute)
Finance = Annotated[Caller, Depends(staff("money.manage"))]


@router.get("")
async def list_months(session: DbSession, caller: Finance) -> list[MonthOut]:
    """This month and the eleven before it, newest first."""
    found = await month_end.months(session)
    closings = await month_close.closings(session, [month.period for month in found])
    return [
        MonthOut(
            period=month.period,
            closed=await month_close.is_closed(session, month.period),
            obstacles=[MonthObstacle(code=each.code, words=each.words, count=each.count) for each in month.obstacles],
            closings=[MonthClosingOut.model_validate(row) for row in closings if row.period == month.period],
        )
        for month in found
    ]


@router.post("/{period}/close", status_code=202)
async def close_month(period: Month, why: MonthClose, session: DbSession, caller: Finance) -> MonthClosingOut:
    """Ask for a month to be closed; somebody else of finance confirms it. Refused while something may still change what
    was earned in it. One with sales and no pool is closed `without_pool`, where nothing of it is shared."""
    return await _asked(session, period, "close", why.reason, caller, without_pool=why.without_pool)


@router.post("/{period}/reopen", status_code=202)
async def reopen_month(period: Month, why: Correction, session: DbSession, caller: Finance) -> MonthClosingOut:
    """Ask for a closed month to be opened again; somebody else of finance confirms it."""
    return await _asked(session, period, "reopen", why.reason, caller)


async def _asked(
    session: AsyncSession,
    period: str,
    act: month_close.Act,
    reason: str,
    caller: Caller,
    *,
    without_pool: bool = False,
) -> MonthClosingOut:
    asked = await month_close.ask(session, period, act, reason, caller.actor, without_pool=without_pool)
    return MonthClosingOut.model_validate(asked)


@router.post("/{period}/confirm")
async def confirm_month(period: Month, session: DbSession, caller: Finance) -> MonthClosingOut:
    """Close it, or open it again, as somebody else asked. Nothing is posted into a closed month; what comes late is in
    the next."""
    return MonthClosingOut.model_validate(await month_close.confirm(session, period, caller.actor))


@router.post("/{period}/withdraw")
async def withdraw_month(period: Month, session: DbSession, caller: Finance) -> MonthClosingOut:
    """Let what was asked for be."""
    return MonthClosingOut.model_validate(await month_close.withdraw(session, period, caller.actor))
