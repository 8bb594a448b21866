"""Traffic quality: what is counted, what is not and why, and how surely conversions are matched."""

from fastapi import APIRouter, Request, Response

from groundswell.insights.loop import loop_report
from groundswell.platform.routing import DbSession
from groundswell.web.templating import page

from .console import ConsoleRoute
from .console_conversions import KINDS, Marketer
from .console_explore import choices
from .console_files import table_file
from .console_where import Viewed

router = APIRouter(prefix="/console/traffic", route_class=ConsoleRoute)
PAGE = "/console/traffic"
TRAFFIC = ("givt", "sivt")


@router.get("")
async def traffic(request: Request, session: DbSession, caller: Marketer, view: Viewed) -> Response:
    """Visits left out, with verdict, reason and rule; conversions matched for certain, probably, or not."""
    report = await loop_report(request.app.state.runtime, await view.slice(session), view.model)
    counts = {step.step: step.count for step in report.steps}
    return page(
        request,
        "console/traffic.html",
        caller=caller,
        report=report,
        counts=counts,
        left_out={kind: sum(each.events for each in report.excluded if each.traffic == kind) for kind in TRAFFIC},
        kinds=KINDS,
        view=view,
        **await choices(session, view, PAGE),
    )


@router.get(".{kind}")
async def download(request: Request, kind: str, session: DbSession, caller: Marketer, view: Viewed) -> Response:
    """What is left out, as a file: ``csv`` or ``parquet``."""
    report = await loop_report(request.app.state.runtime, await view.slice(session), view.model)
    header = ["verdict", "traffic", "reason", "rule", "events"]
    rows = [[getattr(each, name) for name in header] for each in report.excluded]
    return table_file("left-out", kind, header, rows)
