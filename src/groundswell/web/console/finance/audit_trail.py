"""The audit page: from a payout, statement, reference, sale or click to everything before and behind it."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from groundswell.earnings.audit_trail import TrailStep, TrailUnknown, trail
from groundswell.platform.routing import DbSession
from groundswell.web.console.shell import ConsoleRoute
from groundswell.web.templating import page

from .overview import Finance

router = APIRouter(prefix="/console/finance", route_class=ConsoleRoute)

KINDS = {
    "run": "Payout run",
    "payout": "Payout",
    "statement": "Statement",
    "posting": "Posting",
    "earning": "Earned by a campaign",
    "conversion": "Conversion",
    "event": "Event",
}


@router.get("/trail")
async def read_trail(
    request: Request, session: DbSession, caller: Finance, q: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """Everything before and behind what was pasted, each amount reckoned again."""
    found, unknown = None, None
    try:
        found = await trail(session, q) if q.strip() else None
    except TrailUnknown as missing:
        unknown = missing
    return page(
        request,
        "console/finance/trail.html",
        status=404 if unknown else 200,
        caller=caller,
        q=q,
        found=found,
        problem=unknown,
        kinds=KINDS,
        own_page=own_page,
        follow=lambda step: f"/console/finance/trail?{urlencode({'q': step.id})}",
    )


def own_page(step: TrailStep) -> str | None:
    """Where a step is shown by itself."""
    if step.kind == "event" and step.at is not None:
        return f"/console/finance/events/{step.id}?{urlencode({'at': step.at.isoformat()})}"
    pages = {
        "run": f"/console/finance/runs/{step.id}",
        "payout": f"/console/finance/postings/{step.id}",
        "posting": f"/console/finance/postings/{step.id}",
        "statement": f"/console/finance/statements/{step.id}",
        "conversion": f"/console/conversions/{step.id}",
    }
    return pages.get(step.kind)
