"""The transparency report: counted from decisions when it is asked for, and as the Commission's database takes them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from groundswell.accounts.access import Caller
from groundswell.platform.clock import parse_day
from groundswell.platform.routing import DbSession
from groundswell.trust import transparency
from groundswell.trust.grounds import REASONS
from groundswell.trust.transparency_api import days_of, export_statements
from groundswell.web.console.shell import ConsoleRoute, staff_page
from groundswell.web.templating import page

from .appeals import NOTICE_STATES, OUTCOMES
from .moderation import ACTIONS

router = APIRouter(prefix="/console/transparency", route_class=ConsoleRoute)

Reader = Annotated[Caller, Depends(staff_page("reports.handle"))]

SOURCES = {
    "notice": "Notice",
    "report": "Report",
    "own": "Own looking",
    "rule": "Rule",
    "appeal": "Appeal",
    "order": "Order",
}


@router.get("")
async def report(
    request: Request, session: DbSession, caller: Reader, first: str | None = None, last: str | None = None
) -> Response:
    """What was reported, decided and contested in a period."""
    since, until = days_of(parse_day(first), parse_day(last))
    return page(
        request,
        "console/trust/transparency.html",
        caller=caller,
        report=await transparency.counted(session, since, until),
        reasons=REASONS,
        actions=ACTIONS,
        sources=SOURCES,
        outcomes={"made": "Made", **OUTCOMES},
        notice_states=NOTICE_STATES,
    )


@router.get("/statements.csv")
async def statements(session: DbSession, caller: Reader, first: str | None = None, last: str | None = None) -> Response:
    """Each restriction as a statement of reasons, in the columns of the DSA Transparency Database."""
    return await export_statements(caller, session, parse_day(first), parse_day(last))
