"""Background jobs that failed for good: what each was to do, why it could not, and queueing it once more."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from groundswell.accounts.access import Caller
from groundswell.platform.jobs import failures, try_again
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.web.responses import see_other
from groundswell.web.templating import page

from .shell import ConsoleRoute, staff_page

router = APIRouter(prefix="/console/jobs", route_class=ConsoleRoute)
Operator = Annotated[Caller, Depends(staff_page("jobs.manage"))]

PAGE = 50


@router.get("")
async def failed(
    request: Request,
    session: DbSession,
    caller: Operator,
    before: Annotated[int | None, Query(ge=1)] = None,
    saved: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The jobs that are not tried again by themselves, those queued last first."""
    rows = await failures(session, before, PAGE)
    older = rows[-1].job_id if len(rows) == PAGE else None
    shown: dict[str, Any] = {"failures": rows, "before": before, "older": older, "saved": saved}
    return page(request, "console/jobs.html", caller=caller, **shown)


@router.post("/{job_id}/retry")
async def retry(job_id: int, request: Request, caller: Operator) -> Response:
    """Queue one once more."""
    await try_again(services_of(request).runtime.jobs, job_id)
    return see_other("/console/jobs?saved=queued")
