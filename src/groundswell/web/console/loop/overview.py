"""The loop: share → unfurl → click → play → sign-up → subscription, and K; every number opens its rows."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.attribution.models import DEFAULT_MODEL
from groundswell.catalog import directory
from groundswell.catalog.titles import label_of
from groundswell.insights.experiments.experiment import incremental
from groundswell.insights.reports.conversions import recent
from groundswell.insights.reports.event_rows import COUNTED
from groundswell.insights.reports.loop import Slice, loop_report
from groundswell.insights.schemas import LoopReport, Row
from groundswell.platform.clock import day_of, utc_now
from groundswell.platform.csv_response import by_currency
from groundswell.platform.problems import NotFound
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.shares.channels import CHANNELS, channel_name
from groundswell.web.console.downloads import dated, table_file
from groundswell.web.console.evidence.conversion import KINDS, MODELS, Marketer
from groundswell.web.console.filters import asked_period, asked_title, one_of
from groundswell.web.console.reader_names import names_for
from groundswell.web.console.reader_zone import ReaderZone
from groundswell.web.console.shell import ConsoleRoute
from groundswell.web.period import Period, presets
from groundswell.web.templating import page

from .period_before import figures_before, with_before

router = APIRouter(prefix="/console/loop", route_class=ConsoleRoute)

RECENT = 12
FUNNEL = ("share", "unfurl", "click", "play", "sign_up", "subscription")
"""The steps of the loop in their order; each is set against the one in ``AGAINST``."""

AGAINST = {"click": "share", "play": "click", "sign_up": "click", "subscription": "sign_up"}
WORDS = {"click": "per share", "play": "of clicks", "sign_up": "of clicks", "subscription": "of sign-ups"}


@dataclass
class LoopFilter:
    """What the page is about, from its address."""

    zone: ReaderZone
    title: str | None = None
    channel: str | None = None
    model: str | None = None
    period: str | None = None
    first: Annotated[str | None, Query(alias="from")] = None
    last: Annotated[str | None, Query(alias="to")] = None

    def chosen(self) -> Period:
        return asked_period(self.period, self.first, self.last, self.zone)

    @property
    def credit_model(self) -> str:
        return one_of("model", self.model, MODELS, DEFAULT_MODEL)

    async def slice(self, session: AsyncSession) -> Slice:
        period, title = self.chosen(), await asked_title(session, self.title)
        channel = one_of("channel", self.channel, CHANNELS, None)
        return Slice(period.first, period.last, title, channel, zone=period.zone)

    def kept(self) -> dict[str, str | None]:
        """Everything but the period, as parameters of an address."""
        return {"title": self.title, "channel": self.channel, "model": self.model}


Chosen = Annotated[LoopFilter, Depends()]


@router.get("")
async def overview(request: Request, session: DbSession, caller: Marketer, chosen: Chosen) -> Response:
    """How the loop turned over a period, for one title or channel or all."""
    slice = await chosen.slice(session)
    report, before = await with_before(services_of(request).runtime, slice, chosen.credit_model)
    return page(
        request,
        "console/loop/overview.html",
        caller=caller,
        report=report,
        before=figures_before(before),
        steps={step.step: step for step in report.steps},
        funnel=funnel(report),
        conversions=await recent(session, slice, limit=RECENT, names=names_for(request, caller)),
        incremental=await incremental(session, slice.first, slice.last, whole=not slice.where, zone=slice.zone),
        **await _choices(session, chosen),
    )


@dataclass(frozen=True)
class FunnelStep:
    """One step as drawn: ``width`` of the widest step (0 to 1), and its ratio to the step it is set against."""

    step: str
    label: str
    count: float
    total: int | None
    definition: str
    width: float
    ratio: float | None
    words: str


def funnel(report: LoopReport) -> list[FunnelStep]:
    """The steps in order; bars are to scale, so that what is lost between them is seen."""
    steps = {step.step: step for step in report.steps}
    widest = max((steps[name].count for name in FUNNEL), default=0) or 1
    return [
        FunnelStep(
            step=name,
            label=steps[name].label,
            count=steps[name].count,
            total=steps[name].total,
            definition=steps[name].definition,
            width=steps[name].count / widest,
            ratio=_ratio(steps[name].count, steps[AGAINST[name]].count) if name in AGAINST else None,
            words=WORDS.get(name, ""),
        )
        for name in FUNNEL
    ]


def _ratio(count: float, against: float) -> float | None:
    return count / against if against else None


async def _choices(session: AsyncSession, chosen: LoopFilter, path: str = "/console/loop") -> dict[str, Any]:
    titles = await directory.choices(session)
    names = {title.slug: f"{title.name} ({label_of(title)})" if series else title.name for title, series in titles}
    slugs = {str(title.id): title.slug for title, _ in titles}
    period, kept = chosen.chosen(), chosen.kept()
    offered = presets(day_of(utc_now(), period.zone), period.zone)

    def rows_of(step: str, **more: str | None) -> str:
        """The address of the rows behind a step, within the same filter."""
        shared = None if step in COUNTED else "1"
        place = {"title": chosen.title, "channel": chosen.channel, "verdict": COUNTED.get(step), "shared": shared}
        return period.address("/console/events", kind=step, **(place | more))

    return {
        "chosen": chosen,
        "period": period,
        "presets": [(each, each.address(path, **kept)) for each in offered],
        "titles": names,
        "slugs": slugs,
        "channels": {name: channel.label for name, channel in CHANNELS.items()},
        "channel": channel_name,
        "models": MODELS,
        "kinds": KINDS,
        "rows_of": rows_of,
        "here": lambda **change: period.address("/console/loop", **(kept | change)),
        "channel_here": lambda row: period.address("/console/loop", **(kept | {"channel": row.key})),
        "title_here": lambda row: period.address("/console/loop", **(kept | {"title": slugs.get(row.key)})),
        "file": lambda table, kind: period.address(f"/console/loop/{table}.{kind}", **kept),
    }


TABLES = ("days", "channels", "titles", "weeks")


@router.get("/{table}.{kind}")
async def download(
    request: Request, table: str, kind: str, session: DbSession, caller: Marketer, chosen: Chosen
) -> Response:
    """One of the page's tables (``days``, ``channels``, ``titles`` or ``weeks`` of K) as ``csv`` or ``parquet``."""
    if table not in TABLES:
        raise NotFound("There is no such table.")
    report = await loop_report(services_of(request).runtime, await chosen.slice(session), model=chosen.credit_model)
    if table == "weeks":
        return _weeks_file(report, kind)
    rows: list[Row] = {"days": report.days, "channels": report.channels, "titles": report.titles}[table]
    steps = [step.step for step in report.steps]
    columns, nets = by_currency("net_minor", [{each.currency: each.net_minor for each in row.revenue} for row in rows])
    name, header = dated(f"loop-{table}", report), ["key", "label", *steps, *columns]
    cells = ([*_cells(row, steps), *net] for row, net in zip(rows, nets, strict=True))
    return table_file(name, kind, header, cells)


def _cells(row: Row, steps: list[str]) -> list[object]:
    return [row.key, row.label, *(float(row.counts.get(step, 0)) for step in steps)]


def _weeks_file(report: LoopReport, kind: str) -> Response:
    header = "week closed k low high new_viewers shares sign_ups shares_per_new_viewer sign_ups_per_share"
    rows = (
        (
            *(week, each.closed, each.value, each.low, each.high, each.new_viewers, each.shares, each.sign_ups),
            *(each.shares_per_new_viewer, each.sign_ups_per_share),
        )
        for week, each in report.virality.weeks
    )
    return table_file(dated("k", report), kind, header.split(), rows)


@router.get("/conversions")
async def list_conversions(
    request: Request, session: DbSession, caller: Marketer, chosen: Chosen, cursor: UUID | None = None
) -> Response:
    """Conversions of the period, newest first; each opens its evidence."""
    rows = await recent(session, await chosen.slice(session), limit=50, after=cursor, names=names_for(request, caller))
    choices = await _choices(session, chosen, "/console/loop/conversions")
    older = chosen.chosen().address(
        "/console/loop/conversions", **chosen.kept(), cursor=str(rows[-1].id) if rows else None
    )
    shown: dict[str, Any] = {"conversions": rows, "older": older if len(rows) == 50 else None}
    return page(request, "console/evidence/conversions.html", caller=caller, **shown, **choices)
