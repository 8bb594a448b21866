"""The funnel told apart by anything, over any period, with the ranks that another credit model would give."""

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.attribution.credit import MODELS as CREDIT_MODELS
from groundswell.catalog.tables import Title
from groundswell.insights.breakdown import RANKABLE, UNKNOWN, breakdown
from groundswell.insights.dimensions import DIMENSIONS
from groundswell.insights.experiments import incremental
from groundswell.insights.schemas import Breakdown
from groundswell.insights.wording import DEFINITIONS, LABELS
from groundswell.platform.clock import utc_now
from groundswell.platform.routing import DbSession
from groundswell.web.templating import page

from .console import ConsoleRoute
from .console_conversions import Marketer, model_name
from .console_files import table_file
from .console_period import presets
from .console_where import View, Viewed

router = APIRouter(prefix="/console/explore", route_class=ConsoleRoute)

STEPS = ("share", "unfurl", "click", "play", "sign_up", "trial", "subscription")
SHORT = {"unfurl": "Previews"}
RARE = ("trial",)
"""Steps that many services never report: shown where there are any."""

VISITS = ("share", "unfurl", "click", "continue", "play")
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
    report = await breakdown(request.app.state.runtime, await view.slice(session), by, view.model, other, rank)
    return page(
        request,
        "console/explore.html",
        caller=caller,
        report=report,
        incremental=await incremental(session),
        view=view,
        by=by,
        other=other,
        rank=rank,
        steps=[(step, SHORT.get(step, LABELS[step]), DEFINITIONS[step]) for step in shown_steps(report)],
        most={step: max((row.counts.get(step, 0) for row in report.rows), default=0) for step in STEPS},
        **await choices(session, view, PAGE, by=by, other=other if other != view.model else None, rank=rank),
    )


def readable(by: str, other: str, rank: str, view: View) -> tuple[str, str, str]:
    """What the address asks for, with the usual in place of what means nothing."""
    return (
        by if by in DIMENSIONS else "scene",
        other if other in CREDIT_MODELS else view.model,
        rank if rank in RANKABLE else "subscription",
    )


def shown_steps(report: Breakdown) -> list[str]:
    """The funnel's steps, without the rare ones that nobody took."""
    return [step for step in STEPS if step not in RARE or any(step in row.counts for row in report.rows)]


async def choices(session: AsyncSession, view: View, path: str, **kept: str | None) -> dict[str, Any]:
    """What every page of this kind offers: periods, dimensions, models, addresses of rows and of narrower views."""
    slugs = {str(id): slug for id, slug in await session.execute(select(Title.id, Title.slug))}

    def key_of(dimension: str, key: str) -> str:
        return slugs.get(key, key) if dimension == "title" else key

    def rows_of(step: str, dimension: str | None = None, key: str | None = None) -> str:
        """The address of the events or credits behind a number."""
        mine = {} if dimension is None or key is None else place(dimension, key_of(dimension, key))
        if step in VISITS:
            human = "human" if step in ("click", "continue", "play") else None
            return view.address("/console/events", model=None, kind=step, verdict=human, **mine)
        return view.address("/console/credits", kind=step, **mine)

    def narrower(dimension: str, key: str, then: str | None = None) -> str:
        """The same page for one row alone, told apart by something else."""
        shown = {**kept, "by": then} if then else kept
        return view.address(path, **{**shown, **place(dimension, key_of(dimension, key))})

    return {
        "period": view.period,
        "presets": [
            (each, View(each, view.model, view.where).address(path, **kept)) for each in presets(utc_now().date())
        ],
        "dimensions": DIMENSIONS,
        "models": {name: model_name(name) for name in CREDIT_MODELS},
        "rankable": {name: "Net revenue" if name == "revenue" else LABELS[name] for name in RANKABLE},
        "narrowed": [
            (label, name, view.address(path, **{**kept, dimension: None}))
            for dimension, label, name in await view.narrowed(session)
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
    report = await breakdown(request.app.state.runtime, await view.slice(session), by, view.model, other, rank)
    steps = list(LABELS)
    header = [by, "label", *steps, *_money_columns(report), "due_30", "stayed_30", "due_90", "stayed_90"]
    header += [f"rank_{view.model}"] + ([f"rank_{other}"] if other != view.model else [])
    return table_file(f"{by}-{report.first}-{report.last}", kind, header, cells(report, steps))


def _money_columns(report: Breakdown) -> list[str]:
    return [f"net_minor_{currency}" for currency in currencies(report)]


def currencies(report: Breakdown) -> list[str]:
    return sorted({each.currency for row in report.rows for each in row.revenue})


def cells(report: Breakdown, steps: list[str]) -> Iterator[list[object]]:
    """The rows of the file."""
    for row in report.rows:
        net = {each.currency: each.net_minor for each in row.revenue}
        kept = [value for each in row.staying for value in (each.due, each.stayed)]
        ranks = [row.ranks.get(report.model)]
        if report.other_model != report.model:
            ranks.append(row.ranks.get(report.other_model))
        counts = [float(row.counts.get(step, 0)) for step in steps]
        yield [row.key, row.label, *counts, *(net.get(each, 0) for each in currencies(report)), *kept, *ranks]
