"""Payout runs: drafted by one person, approved by another, filed, and followed to what the bank said."""

from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.actors import actor_names
from groundswell.payouts import jobs, payees, payout_runs, run_file
from groundswell.payouts.api import saved_file
from groundswell.payouts.schemas import NewPayoutRun
from groundswell.platform.clock import utc_now
from groundswell.platform.csv_response import csv_file
from groundswell.platform.jobs import defer
from groundswell.platform.pages import decode_cursor, next_cursor
from groundswell.platform.problems import Invalid, Problem
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.web.console.forms import parse_reason
from groundswell.web.console.shell import ConsoleRoute
from groundswell.web.responses import see_other
from groundswell.web.templating import page

from .overview import PAGE, Finance
from .why_not import why_not

router = APIRouter(prefix="/console/finance/runs", route_class=ConsoleRoute)

SAID = {
    "drafted": "Drafted. Somebody else looks at it and approves it.",
    "approved": "Approved. Make its file, and give that to the bank.",
    "filing": "Its file is being made; this page shows when it is there.",
    "cancelled": "Cancelled. Nobody was paid by it.",
    "left_out": "Left out; it is due in the next run.",
}


@router.get("")
async def list_runs(request: Request, session: DbSession, caller: Finance, cursor: str | None = None) -> Response:
    """Runs, newest first; whom the next could pay, and what keeps others out of it."""
    return await _list(request, session, caller, cursor)


async def _list(
    request: Request, session: AsyncSession, caller: Finance, cursor: str | None = None, problem: Problem | None = None
) -> Response:
    rows = await payout_runs.runs(session, PAGE, decode_cursor(cursor))
    return page(
        request,
        "console/finance/runs.html",
        status=problem.status if problem else 200,
        caller=caller,
        rows=rows,
        people=await actor_names(session, [row.drafted_by for row in rows]),
        candidates=await payout_runs.candidates(session, PAGE),
        tomorrow=(utc_now().date() + timedelta(days=1)).isoformat(),
        payer=payees.payer_of(services_of(request).settings),
        stripe=services_of(request).settings.stripe_secret_key is not None,
        next=next_cursor(rows, PAGE),
        problem=problem,
        why_not=why_not,
    )


@router.post("")
async def draft_run(
    request: Request,
    session: DbSession,
    caller: Finance,
    currency: Annotated[str, Form()] = "",
    rail: Annotated[str, Form()] = "pain.001",
    execution_on: Annotated[str, Form()] = "",
) -> Response:
    """Draft a run of everybody who can be paid in a currency."""
    try:
        day = date.fromisoformat(execution_on) if execution_on else None
        new = NewPayoutRun.model_validate({"currency": currency, "rail": rail, "execution_on": day})
        async with session.begin_nested():
            run = await payout_runs.draft(session, new, caller.actor)
        return see_other(f"/console/finance/runs/{run.id}?saved=drafted")
    except (ValidationError, ValueError):
        problem: Problem = Invalid("Choose a currency, a kind of file, and a day such as 2026-12-01.")
    except Problem as refused:
        problem = refused
    return await _list(request, session, caller, problem=problem)


@router.get("/{run_id}")
async def read_run(
    request: Request,
    run_id: UUID,
    session: DbSession,
    caller: Finance,
    cursor: str | None = None,
    saved: str | None = None,
    names: str | None = None,
) -> Response:
    """One run and its lines. Names and accounts are opened when they are asked for, which is recorded."""
    return await _run(request, session, caller, run_id, cursor, SAID.get(saved or ""), opened=names == "1")


async def _run(
    request: Request,
    session: AsyncSession,
    caller: Finance,
    run_id: UUID,
    cursor: str | None = None,
    saved: str | None = None,
    problem: Problem | None = None,
    opened: bool = False,
) -> Response:
    settings = services_of(request).settings
    run = await payout_runs.one_run(session, run_id)
    rows = await payout_runs.lines_of(session, run_id, PAGE, decode_cursor(cursor))
    creators = [row.creator.id for row in rows]
    actors = [run.drafted_by, *([run.approved_by] if run.approved_by else [])]
    shared = await payees.sharing_accounts(session, creators)
    shown: dict[str, Any] = {
        "run": run,
        "rows": rows,
        "people": await actor_names(session, actors),
        "next": next_cursor(rows, PAGE),
        "names": await run_file.names_opened(session, settings, creators, caller.actor, run.number) if opened else None,
        "shared": shared,
        "own": run.drafted_by == caller.actor,
        "payer": payees.payer_of(settings) or run.rail == "stripe",
        "why_not": why_not,
    }
    return page(
        request,
        "console/finance/run.html",
        status=problem.status if problem else 200,
        headers={"Cache-Control": "no-store"} if opened else None,
        caller=caller,
        saved=saved,
        problem=problem,
        **shown,
    )


@router.post("/{run_id}/approve")
async def approve_run(request: Request, run_id: UUID, session: DbSession, caller: Finance) -> Response:
    """Approve a run that somebody else drafted."""
    try:
        async with session.begin_nested():
            await payout_runs.approve(session, run_id, caller.actor)
    except payout_runs.RunUnknown:
        raise
    except Problem as refused:
        return await _run(request, session, caller, run_id, problem=refused)
    return see_other(f"/console/finance/runs/{run_id}?saved=approved")


@router.post("/{run_id}/file")
async def make_file(request: Request, run_id: UUID, session: DbSession, caller: Finance) -> Response:
    """Post the run and make its file, in the background."""
    try:
        async with session.begin_nested():
            await payout_runs.ask_for_file(session, services_of(request).settings, run_id, caller.actor)
    except payout_runs.RunUnknown:
        raise
    except Problem as refused:
        return await _run(request, session, caller, run_id, problem=refused)
    await defer(session, jobs.file_run, once=f"payout-run/{run_id}", run_id=str(run_id))
    return see_other(f"/console/finance/runs/{run_id}?saved=filing")


@router.post("/{run_id}/cancel")
async def cancel_run(
    run_id: UUID, session: DbSession, caller: Finance, reason: Annotated[str, Form()] = ""
) -> Response:
    """Cancel a run that was not filed."""
    await payout_runs.cancel(session, run_id, caller.actor, parse_reason(reason))
    return see_other(f"/console/finance/runs/{run_id}?saved=cancelled")


@router.post("/{run_id}/lines/{line_id}/leave-out")
async def leave_line_out(run_id: UUID, line_id: UUID, session: DbSession, caller: Finance) -> Response:
    """Hold a line out of a run that was not filed."""
    await payout_runs.leave_out(session, run_id, line_id)
    return see_other(f"/console/finance/runs/{run_id}?saved=left_out")


@router.get("/{run_id}/file")
async def download_file(request: Request, run_id: UUID, session: DbSession, caller: Finance) -> Response:
    """The file for the bank."""
    return saved_file(*await run_file.file_of(session, services_of(request).settings, run_id, caller.actor))


@router.get("/{run_id}/lines.csv")
async def download_lines(run_id: UUID, session: DbSession, caller: Finance) -> Response:
    """A run's lines, without anybody's account."""
    run = await payout_runs.one_run(session, run_id)
    rows = await payout_runs.lines_of(session, run_id, payout_runs.MOST_LINES)
    header = "end_to_end_id creator handle amount_minor currency status code bank_reference settled_on"
    return csv_file(
        f"payout-run-{run.number}-lines",
        header.split(),
        (
            (
                *(row.id.hex, row.creator.display_name, row.creator.handle, row.amount_minor, row.currency),
                *(row.status, row.code, row.bank_reference, row.settled_on),
            )
            for row in rows
        ),
    )
