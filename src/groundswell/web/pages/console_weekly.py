"""One week on paper: what shares brought, against the week before, and what to look into. Made to be printed."""

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter, Request, Response

from groundswell.insights.breakdown import breakdown
from groundswell.insights.experiments import incremental
from groundswell.insights.loop import loop_report
from groundswell.insights.schemas import LoopReport
from groundswell.insights.slices import Slice
from groundswell.platform.clock import utc_now
from groundswell.platform.routing import DbSession
from groundswell.web.templating import page

from .console import ConsoleRoute
from .console_conversions import KINDS, Marketer

router = APIRouter(prefix="/console/weekly", route_class=ConsoleRoute)

STEPS = ("share", "unfurl", "click", "play", "sign_up", "subscription")
TOP = 5


@dataclass(frozen=True)
class Line:
    """One number and what it was the week before."""

    step: str
    label: str
    count: float
    before: float

    @property
    def change(self) -> float | None:
        return self.count / self.before - 1 if self.before else None


@router.get("")
async def weekly(request: Request, session: DbSession, caller: Marketer, week: str | None = None) -> Response:
    """The week that begins on the Monday named, by default the last one that is over."""
    monday = monday_of(week, utc_now().date())
    runtime = request.app.state.runtime
    this, last = week_slice(monday), week_slice(monday - timedelta(days=7))
    report, before = await asyncio.gather(loop_report(runtime, this), loop_report(runtime, last))
    tops = {name: (await breakdown(runtime, this, name)).rows[:TOP] for name in ("scene", "channel", "maker")}
    shown: dict[str, Any] = {"report": report, "lines": lines(report, before), "tops": tops, "kinds": KINDS}
    weeks = [monday + timedelta(days=7 * n) for n in (-1, 1)]
    return page(
        request,
        "console/weekly.html",
        caller=caller,
        monday=monday,
        weeks=weeks,
        current=utc_now().date(),
        incremental=await incremental(session),
        **shown,
    )


def monday_of(text: str | None, today: date) -> date:
    """The Monday of the day that ``text`` names, or of last week."""
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        day = today - timedelta(days=7)
    if not 2000 <= day.year <= 2200:
        day = today - timedelta(days=7)
    return day - timedelta(days=day.weekday())


def week_slice(monday: date) -> Slice:
    return Slice(monday, monday + timedelta(days=6))


def lines(report: LoopReport, before: LoopReport) -> list[Line]:
    """The steps of the loop against the week before."""
    counts = {step.step: step.count for step in before.steps}
    return [
        Line(step.step, step.label, step.count, counts.get(step.step, 0)) for step in report.steps if step.step in STEPS
    ]
