"""Cohorts: K by week of sign-up with its interval and the loop's cycle time, and how far moments travel."""

from fastapi import APIRouter, Request, Response

from groundswell.insights.reports.cascades import cascades_report
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.web.console.downloads import table_file
from groundswell.web.console.evidence.conversion import Marketer
from groundswell.web.console.filters import Viewed
from groundswell.web.console.reader_names import names_for
from groundswell.web.console.shell import ConsoleRoute
from groundswell.web.templating import page

from .explore import choices
from .period_before import figures_before, with_before

router = APIRouter(prefix="/console/cohorts", route_class=ConsoleRoute)
PAGE = "/console/cohorts"


@router.get("")
async def cohorts(request: Request, session: DbSession, caller: Marketer, view: Viewed) -> Response:
    """K over closed cohorts, open ones marked; generations and cascades of the period's first shares."""
    slice = await view.slice(session)
    report, before = await with_before(services_of(request).runtime, slice, view.model)
    return page(
        request,
        "console/loop/cohorts.html",
        caller=caller,
        report=report,
        before=figures_before(before),
        cascades=await cascades_report(session, slice),
        view=view,
        **await choices(session, view, PAGE, names_for(request, caller)),
    )


@router.get(".{kind}")
async def download(request: Request, kind: str, session: DbSession, caller: Marketer, view: Viewed) -> Response:
    """The cascades as a file: ``csv`` or ``parquet``."""
    report = await cascades_report(session, await view.slice(session))
    header = "root_id moment_id label shares depth broadcast structural_virality".split()
    rows = [
        [str(getattr(each, name)) if name.endswith("id") else getattr(each, name) for name in header]
        for each in report.largest
    ]
    return table_file("cascades", kind, header, rows)
