"""The credit behind a number: a row for each touch that earned some; their parts add up to it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.attribution.models import PPM
from groundswell.attribution.tables import CERTAIN, CONVERSION_KINDS
from groundswell.insights.experiments.experiment import incremental
from groundswell.insights.reports.credit_rows import CreditQuery, columns_of_credits, page_of_credits, totals
from groundswell.platform.routing import DbSession
from groundswell.shares.channels import channel_name
from groundswell.web.console.downloads import table_file
from groundswell.web.console.filters import FilteredView, Viewed, one_of, read_place
from groundswell.web.console.loop.explore import choices
from groundswell.web.console.reader_names import names_for
from groundswell.web.console.shell import ConsoleRoute
from groundswell.web.templating import page

from .conversion import KINDS, Marketer

router = APIRouter(prefix="/console/credits", route_class=ConsoleRoute)

PAGE = 100
EVERY = 100_000
Kind = Annotated[str, Query(max_length=20)]
COLUMNS = (
    "at kind conversion_id touch_id share_id moment_id title_id sharer_id channel weight_ppm amount_minor currency"
)


async def behind(session: AsyncSession, view: FilteredView, kind: str) -> CreditQuery:
    """The credits that a number of the view counts."""
    kind = one_of("kind", kind, CONVERSION_KINDS, "")
    period = view.period
    return CreditQuery(period.begin, period.end, view.model, kind, await view.keys(session), period.zone)


@router.get("")
async def list_credits(
    request: Request,
    session: DbSession,
    caller: Marketer,
    view: Viewed,
    kind: Kind = "",
    before: str | None = None,
) -> Response:
    """Credit as given, newest conversions first."""
    asked = await behind(session, view, kind)
    rows = await page_of_credits(session, asked, PAGE, read_place(before))
    total, conversions = await totals(session, asked)
    slice = await view.slice(session)
    whole = not slice.where and not kind
    older = _place(rows[-1][0].at, rows[-1][0].id) if len(rows) == PAGE else None
    return page(
        request,
        "console/evidence/credits.html",
        caller=caller,
        rows=rows,
        kind=kind,
        kinds=KINDS,
        view=view,
        total=total / PPM,
        conversions=conversions,
        certain=CERTAIN,
        incremental=await incremental(session, slice.first, slice.last, whole=whole, zone=slice.zone),
        channel=channel_name,
        older=view.address("/console/credits", kind=kind, before=older) if older else None,
        **await choices(session, view, "/console/credits", names_for(request, caller), kind=kind or None),
    )


def _place(at: datetime, id: UUID) -> str:
    return f"{at.isoformat()}_{id}"


@router.get(".{file}")
async def download(file: str, session: DbSession, caller: Marketer, view: Viewed, kind: Kind = "") -> Response:
    """The newest credits of the view as a file: ``csv`` or ``parquet``."""
    names = COLUMNS.split()
    rows = await columns_of_credits(session, await behind(session, view, kind), names, EVERY)
    return table_file("credits", file, names, rows)
