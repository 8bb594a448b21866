"""What the bank said: files taken in, lines that somebody has to look at, lines that runs held out."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.actors import actor_names
from groundswell.payouts import bank_files, payout_runs
from groundswell.payouts.api import BANK_FILE_MOST
from groundswell.payouts.bank_messages import BankFileUnreadable
from groundswell.platform.body_bounds import KIB, body_at_most
from groundswell.platform.clock import utc_now
from groundswell.platform.pages import decode_cursor, next_cursor
from groundswell.platform.problems import Problem
from groundswell.platform.routing import DbSession
from groundswell.web.console.forms import parse_reason
from groundswell.web.console.shell import ConsoleRoute
from groundswell.web.responses import see_other
from groundswell.web.templating import page

from .overview import PAGE, Finance
from .why_not import why_not

router = APIRouter(prefix="/console/finance/exceptions", route_class=ConsoleRoute)

HELD_OUT_DAYS = 60
SAID = {
    "read": "The file was read.",
    "again": "This file had been read before. Nothing was changed.",
    "resolved": "Noted.",
}


@router.get("")
async def list_exceptions(
    request: Request, session: DbSession, caller: Finance, cursor: str | None = None, saved: str | None = None
) -> Response:
    """Lines that wait for somebody, lines that runs held out, and the files that were read."""
    return await _list(request, session, caller, cursor, SAID.get(saved or ""))


async def _list(
    request: Request,
    session: AsyncSession,
    caller: Finance,
    cursor: str | None = None,
    saved: str | None = None,
    problem: Problem | None = None,
) -> Response:
    rows = await bank_files.exceptions(session, PAGE, decode_cursor(cursor))
    files = await bank_files.files(session, PAGE)
    return page(
        request,
        "console/finance/exceptions.html",
        status=problem.status if problem else 200,
        caller=caller,
        rows=rows,
        next=next_cursor(rows, PAGE),
        files=files,
        people=await actor_names(session, [file.read_by for file in files]),
        held_out=await payout_runs.held_out(session, PAGE, utc_now().date() - timedelta(days=HELD_OUT_DAYS)),
        problems=bank_files.PROBLEMS,
        why_not=why_not,
        saved=saved,
        problem=problem,
    )


@router.post("/files")
@body_at_most(BANK_FILE_MOST + 16 * KIB)
async def read_file(
    request: Request, session: DbSession, caller: Finance, file: Annotated[UploadFile | None, File()] = None
) -> Response:
    """Read a file of the bank's."""
    try:
        if file is None:
            raise BankFileUnreadable("Choose a file.")
        read = await bank_files.take_in(session, await file.read(), caller.actor)
    except BankFileUnreadable as refused:
        return await _list(request, session, caller, problem=refused)
    return see_other(f"/console/finance/exceptions?saved={'again' if read.again else 'read'}")


@router.post("/{line_id}/resolve")
async def resolve_exception(
    line_id: UUID, session: DbSession, caller: Finance, reason: Annotated[str, Form()] = ""
) -> Response:
    """Note what was found of a line."""
    await bank_files.resolve(session, line_id, caller.actor, parse_reason(reason))
    return see_other("/console/finance/exceptions?saved=resolved")
