"""The credit behind a number: a row for each touch that earned some; their parts add up to it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.attribution.credit import MODELS_VERSION, PPM
from groundswell.attribution.tables import CERTAIN, CONVERSION_KINDS, Conversion, Credit, Touch
from groundswell.catalog.tables import Title
from groundswell.insights.experiments import incremental
from groundswell.insights.rows import conditions
from groundswell.platform.routing import DbSession
from groundswell.web.templating import page

from .console import ConsoleRoute, channel_name
from .console_conversions import KINDS, Marketer
from .console_events import read_place
from .console_explore import choices
from .console_files import table_file
from .console_where import View, Viewed

router = APIRouter(prefix="/console/credits", route_class=ConsoleRoute)

PAGE = 100
EVERY = 100_000
Kind = Annotated[str, Query(max_length=20)]
COLUMNS = (
    "at kind conversion_id touch_id share_id moment_id title_id sharer_id channel weight_ppm amount_minor currency"
)


async def behind(session: AsyncSession, view: View, kind: str) -> list[ColumnElement[bool]]:
    """What makes a credit one of those that a number counts."""
    found = [Credit.at >= view.period.begin, Credit.at < view.period.end, Credit.weight_ppm > 0]
    found += [Credit.model == view.model, Credit.model_version == MODELS_VERSION]
    if kind in CONVERSION_KINDS:
        found.append(Credit.kind == kind)
    return found + await conditions(session, Credit, await view.keys(session))


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
    wanted = await behind(session, view, kind)
    query = (
        select(Credit, Viewer.name, Title.name, Touch)
        .join(Conversion, Conversion.id == Credit.conversion_id)
        .join(Viewer, Viewer.id == Conversion.viewer_id)
        .outerjoin(Title, Title.id == Credit.title_id)
        .join(Touch, Touch.id == Credit.touch_id)
        .where(*wanted)
        .order_by(Credit.at.desc(), Credit.id.desc())
        .limit(PAGE)
    )
    if (last := read_place(before)) is not None:
        query = query.where(tuple_(Credit.at, Credit.id) < last)
    rows = (await session.execute(query)).all()
    total, conversions = (
        await session.execute(
            select(func.sum(Credit.weight_ppm), func.count(Credit.conversion_id.distinct())).where(*wanted)
        )
    ).one()
    older = _place(rows[-1][0].at, rows[-1][0].id) if len(rows) == PAGE else None
    return page(
        request,
        "console/credits.html",
        caller=caller,
        rows=rows,
        kind=kind,
        kinds=KINDS,
        view=view,
        total=int(total or 0) / PPM,
        conversions=conversions,
        certain=CERTAIN,
        incremental=await incremental(session),
        channel=channel_name,
        older=view.address("/console/credits", kind=kind, before=older) if older else None,
        **await choices(session, view, "/console/credits", kind=kind or None),
    )


def _place(at: datetime, id: UUID) -> str:
    return f"{at.isoformat()}_{id}"


@router.get(".{file}")
async def download(file: str, session: DbSession, caller: Marketer, view: Viewed, kind: Kind = "") -> Response:
    """The newest credits of the view as a file: ``csv`` or ``parquet``."""
    names = COLUMNS.split()
    query = select(*(getattr(Credit, name) for name in names)).where(*await behind(session, view, kind))
    rows: Any = await session.execute(query.order_by(Credit.at.desc(), Credit.id.desc()).limit(EVERY))
    return table_file("credits", file, names, (tuple(row) for row in rows))
