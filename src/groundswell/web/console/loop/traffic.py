"""Traffic quality: what is counted, what is not and why, and how surely conversions are matched."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from groundswell.accounts.access import Caller
from groundswell.insights.reports.loop import loop_report
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.web.console.downloads import table_file
from groundswell.web.console.evidence.conversion import KINDS
from groundswell.web.console.filters import Viewed
from groundswell.web.console.reader_names import names_for
from groundswell.web.console.shell import ConsoleRoute, staff_page
from groundswell.web.templating import page

from .explore import choices
from .period_before import figures_before, with_before

router = APIRouter(prefix="/console/traffic", route_class=ConsoleRoute)
PAGE = "/console/traffic"
TrafficViewer = Annotated[Caller, Depends(staff_page("traffic.view"))]
TRAFFIC = ("givt", "sivt")


@router.get("")
async def traffic(request: Request, session: DbSession, caller: TrafficViewer, view: Viewed) -> Response:
    """Visits left out, with verdict, reason and rule; conversions matched for certain, probably, or not."""
    report, before = await with_before(services_of(request).runtime, await view.slice(session), view.model)
    counts = {step.step: step.count for step in report.steps}
    return page(
        request,
        "console/loop/traffic.html",
        caller=caller,
        report=report,
        counts=counts,
        before=figures_before(before),
        left_out={kind: sum(each.events for each in report.excluded if each.traffic == kind) for kind in TRAFFIC},
        kinds=KINDS,
        view=view,
        **await choices(session, view, PAGE, names_for(request, caller)),
    )


@router.get(".{kind}")
async def download(request: Request, kind: str, session: DbSession, caller: TrafficViewer, view: Viewed) -> Response:
    """What is left out, as a file: ``csv`` or ``parquet``."""
    report = await loop_report(services_of(request).runtime, await view.slice(session), view.model)
    header = ["verdict", "traffic", "reason", "rule", "events"]
    rows = [[getattr(each, name) for name in header] for each in report.excluded]
    return table_file("left-out", kind, header, rows)
