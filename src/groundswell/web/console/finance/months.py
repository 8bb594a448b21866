"""Months to close: what stands in the way of each, and what the bank's files and runs still wait for."""

from fastapi import APIRouter, Request, Response

from groundswell.earnings import month_end, trial_balance
from groundswell.payouts import bank_files, payout_runs
from groundswell.platform.csv_response import csv_file
from groundswell.platform.routing import DbSession
from groundswell.web.console.shell import ConsoleRoute
from groundswell.web.templating import page

from .overview import Finance

router = APIRouter(prefix="/console/finance/months", route_class=ConsoleRoute)


@router.get("")
async def list_months(request: Request, session: DbSession, caller: Finance) -> Response:
    """A year of months, newest first."""
    return page(
        request,
        "console/finance/months.html",
        caller=caller,
        months=await month_end.months(session),
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
