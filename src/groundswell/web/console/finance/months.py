"""Months to close: what stands in the way of each, and what the bank's files and runs still wait for."""

from collections import defaultdict
from typing import Annotated

from fastapi import APIRouter, Form, Path, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.accounts.actors import actor_names
from groundswell.earnings import month_close, month_end, trial_balance
from groundswell.earnings.tables import MonthClosing
from groundswell.payouts import bank_files, payout_runs
from groundswell.platform.csv_response import csv_file
from groundswell.platform.problems import Problem
from groundswell.platform.routing import DbSession
from groundswell.web.console.forms import parse_reason
from groundswell.web.console.shell import ConsoleRoute
from groundswell.web.responses import see_other
from groundswell.web.templating import page

from .overview import Finance

router = APIRouter(prefix="/console/finance/months", route_class=ConsoleRoute)


Period = Annotated[str, Path(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]
SAID = {
    "asked": "Asked. Somebody else of finance confirms it.",
    "done": "Done.",
    "withdrawn": "Nothing was changed.",
}


@router.get("")
async def list_months(request: Request, session: DbSession, caller: Finance, saved: str | None = None) -> Response:
    """A year of months, newest first."""
    return await _months(request, session, caller, SAID.get(saved or ""))


async def _months(
    request: Request, session: AsyncSession, caller: Caller, saved: str | None = None, problem: Problem | None = None
) -> Response:
    months = await month_end.months(session)
    closings: dict[str, list[MonthClosing]] = defaultdict(list)
    for row in await month_close.closings(session, [month.period for month in months]):
        closings[row.period].append(row)
    actors = [actor for rows in closings.values() for row in rows for actor in (row.asked_by, row.decided_by) if actor]
    return page(
        request,
        "console/finance/months.html",
        status=problem.status if problem else 200,
        caller=caller,
        saved=saved,
        problem=problem,
        months=months,
        closed={month.period for month in months if await month_close.is_closed(session, month.period)},
        closings=closings,
        people=await actor_names(session, actors),
        balance=await trial_balance.trial_balance(session),
        exceptions=await bank_files.open_exceptions(session),
        runs=[run for run in await payout_runs.runs(session, 20) if run.status in {"draft", "approved"}],
    )


@router.get(".csv")
async def download_months(session: DbSession, caller: Finance) -> Response:
    """What stands in the way, a row each."""
    rows = (
        (month.period, each.code, each.count) for month in await month_end.months(session) for each in month.obstacles
    )
    return csv_file("months-to-close", ("month", "obstacle", "count"), rows)


@router.post("/{period}/close")
async def close(
    request: Request,
    session: DbSession,
    caller: Finance,
    period: Period,
    reason: Annotated[str, Form()] = "",
    without_pool: Annotated[str, Form()] = "",
) -> Response:
    """Ask for a month to be closed; with sales and no pool, because nothing of it is shared."""
    return await _ask(request, session, caller, period, "close", reason, without_pool=without_pool == "yes")


@router.post("/{period}/reopen")
async def reopen(
    request: Request, session: DbSession, caller: Finance, period: Period, reason: Annotated[str, Form()] = ""
) -> Response:
    """Ask for a closed month to be opened again."""
    return await _ask(request, session, caller, period, "reopen", reason)


async def _ask(
    request: Request,
    session: AsyncSession,
    caller: Caller,
    period: str,
    act: month_close.Act,
    reason: str,
    *,
    without_pool: bool = False,
) -> Response:
    try:
        await month_close.ask(session, period, act, parse_reason(reason), caller.actor, without_pool=without_pool)
    except Problem as refused:
        return await _months(request, session, caller, problem=refused)
    return see_other("/console/finance/months?saved=asked")


@router.post("/{period}/confirm")
async def confirm(request: Request, session: DbSession, caller: Finance, period: Period) -> Response:
    """Do what somebody else asked for."""
    try:
        await month_close.confirm(session, period, caller.actor)
    except Problem as refused:
        return await _months(request, session, caller, problem=refused)
    return see_other("/console/finance/months?saved=done")


@router.post("/{period}/withdraw")
async def withdraw(request: Request, session: DbSession, caller: Finance, period: Period) -> Response:
    """Let it be."""
    try:
        await month_close.withdraw(session, period, caller.actor)
    except Problem as refused:
        return await _months(request, session, caller, problem=refused)
    return see_other("/console/finance/months?saved=withdrawn")
