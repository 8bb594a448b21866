"""The funnel told apart by anything, over any period, with the ranks that another credit model would give."""

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.person_names import PersonNames
from groundswell.attribution.models import MODELS as CREDIT_MODELS
from groundswell.catalog import directory
from groundswell.insights.experiments.experiment import incremental
from groundswell.insights.reports.breakdown import RANKABLE, UNKNOWN, breakdown
from groundswell.insights.reports.dimensions import DIMENSIONS
from groundswell.insights.reports.event_rows import COUNTED
from groundswell.insights.reports.labels import named_for
from groundswell.insights.reports.wording import DEFINITIONS, LABELS
from groundswell.insights.schemas import Breakdown
from groundswell.platform.clock import day_of, utc_now
from groundswell.platform.csv_response import by_currency
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.web.console.downloads import dated, table_file
from groundswell.web.console.evidence.conversion import Marketer, model_name
from groundswell.web.console.filters import FilteredView, Viewed, one_of
from groundswell.web.console.reader_names import names_for
from groundswell.web.console.shell import ConsoleRoute
from groundswell.web.period import presets
from groundswell.web.templating import page

router = APIRouter(prefix="/console/explore", route_class=ConsoleRoute)

STEPS = ("share", "unfurl", "click", "play", "sign_up", "trial", "subscription")
SHORT = {"unfurl": "Previews"}
RARE = ("trial",)
"""Steps that many services never report: shown where there are any."""

By = Annotated[str, Query(max_length=20)]
PAGE = "/console/explore"


@router.get("")
async def explore(
    request: Request,
    session: DbSession,
    caller: Marketer,
    view: Viewed,
    by: By = "scene",
    other: By = "",
    rank: By = "subscription",
) -> Response:
    """One row a value of the dimension: its funnel, its revenue, who stayed, and its rank by two models."""
    by, other, rank = readable(by, other, rank, view)
    slice = await view.slice(session)
    report, names = (
        await breakdown(services_of(request).runtime, slice, by, view.model, other, rank),
        names_for(request, caller),
    )
    report.rows = named_for(names, by, report.rows)
    return page(
        request,
        "console/loop/explore.html",
        caller=caller,
        report=report,
        incremental=await incremental(session, slice.first, slice.last, whole=not slice.where, zone=slice.zone),
        view=view,
        by=by,
        other=other,
        rank=rank,
        steps=[(step, SHORT.get(step, LABELS[step]), DEFINITIONS[step]) for step in shown_steps(report)],
        most={step: max((row.counts.get(step, 0) for row in report.rows), default=0) for step in STEPS},
        **await choices(session, view, PAGE, names, by=by, other=other if other != view.model else None, rank=rank),
    )


def readable(by: str, other: str, rank: str, view: FilteredView) -> tuple[str, str, str]:
    """What the address asks for, with the usual where it asks for nothing.

    Raises:
        FilterInvalid: it asks for what there is not.
    """
    return (
        one_of("by", by, DIMENSIONS, "scene"),
        one_of("other", other, CREDIT_MODELS, view.model),
        one_of("rank", rank, RANKABLE, "subscription"),
    )


def shown_steps(report: Breakdown) -> list[str]:
    """The funnel's steps, without the rare ones that nobody took."""
    return [step for step in STEPS if step not in RARE or any(step in row.counts for row in report.rows)]


async def choices(
    session: AsyncSession, view: FilteredView, path: str, names: PersonNames, **kept: str | None
) -> dict[str, Any]:
    """What every page of this kind offers: periods, dimensions, models, addresses of rows and of narrower views."""
    slugs = await directory.slugs(session)

    def key_of(dimension: str, key: str) -> str:
        return slugs.get(key, key) if dimension == "title" else key

    def rows_of(step: str, dimension: str | None = None, key: str | None = None) -> str:
        """The address of the events or credits behind a number."""
        mine = {} if dimension is None or key is None else place(dimension, key_of(dimension, key))
        if step in COUNTED:
            return view.address("/console/events", model=None, kind=step, verdict=COUNTED[step], **mine)
        return view.address("/console/credits", kind=step, **mine)

    def narrower(dimension: str, key: str, then: str | None = None) -> str:
        """The same page for one row alone, told apart by something else."""
        shown = {**kept, "by": then} if then else kept
        return view.address(path, **{**shown, **place(dimension, key_of(dimension, key))})

    return {
        "period": view.period,
        "presets": [
            (each, FilteredView(each, view.model, view.where).address(path, **kept))
            for each in presets(day_of(utc_now(), view.period.zone), view.period.zone)
        ],
        "dimensions": DIMENSIONS,
        "models": {name: model_name(name) for name in CREDIT_MODELS},
        "rankable": {name: "Net revenue" if name == "revenue" else LABELS[name] for name in RANKABLE},
        "narrowed": [
            (label, name, view.address(path, **{**kept, dimension: None}))
            for dimension, label, name in await view.narrowed(session, names)
        ],
        "rows_of": rows_of,
        "narrower": narrower,
        "unknown": UNKNOWN,
        "here": lambda **change: view.address(path, **{**kept, **change}),
        "file": lambda kind: view.address(f"{path}.{kind}", **kept),
        "this_view": view.address(path, **kept),
    }


def place(dimension: str, key: str) -> dict[str, str]:
    """The parameters that narrow an address to one value: a day is a period of its own."""
    return {"from": key, "to": key} if dimension == "day" else {dimension: key}


@router.get(".{kind}")
async def download(
    request: Request,
    kind: str,
    session: DbSession,
    caller: Marketer,
    view: Viewed,
    by: By = "scene",
    other: By = "",
    rank: By = "subscription",
) -> Response:
    """The table as a file: ``csv`` or ``parquet``."""
    by, other, rank = readable(by, other, rank, view)
    slice = await view.slice(session)
    report = await breakdown(services_of(request).runtime, slice, by, view.model, other, rank)
    report.rows = named_for(names_for(request, caller), by, report.rows)
    steps = list(LABELS)
    columns, nets = by_currency(
        "net_minor", [{each.currency: each.net_minor for each in row.revenue} for row in report.rows]
    )
    header = [by, "label", *steps, *columns, "due_30", "stayed_30", "due_90", "stayed_90"]
    header += [f"rank_{view.model}"] + ([f"rank_{other}"] if other != view.model else [])
    return table_file(dated(by, report), kind, header, cells(report, steps, nets))


def cells(report: Breakdown, steps: list[str], nets: list[list[int]]) -> Iterator[list[object]]:
    """The rows of the file."""
    for row, net in zip(report.rows, nets, strict=True):
        kept = [value for each in row.staying for value in (each.due, each.stayed)]
        ranks = [row.ranks.get(report.model)]
        if report.other_model != report.model:
            ranks.append(row.ranks.get(report.other_model))
        counts = [float(row.counts.get(step, 0)) for step in steps]
        yield [row.key, row.label, *counts, *net, *kept, *ranks]
