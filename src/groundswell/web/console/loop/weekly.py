"""One week on paper: what shares brought, against the week before, and what to look into. Made to be printed."""

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter, Request, Response

from groundswell.insights.experiments.experiment import incremental
from groundswell.insights.reports.breakdown import breakdown
from groundswell.insights.reports.loop import loop_report
from groundswell.insights.reports.report_filter import Slice
from groundswell.insights.schemas import LoopReport
from groundswell.platform.clock import day_of, utc_now
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.web.console.evidence.conversion import KINDS, Marketer
from groundswell.web.console.filters import asked_period
from groundswell.web.console.reader_zone import ReaderZone
from groundswell.web.console.shell import ConsoleRoute
from groundswell.web.templating import page

router = APIRouter(prefix="/console/weekly", route_class=ConsoleRoute)

STEPS = ("share", "unfurl", "click", "play", "sign_up", "subscription")
TOP = 5


@dataclass(frozen=True)
class WeeklyLine:
    """One number and what it was the week before."""

    step: str
    label: str
    count: float
    before: float

    @property
    def change(self) -> float | None:
        return self.count / self.before - 1 if self.before else None


@router.get("")
async def weekly(
    request: Request, session: DbSession, caller: Marketer, zone: ReaderZone, week: str | None = None
) -> Response:
    """The week that begins on the Monday named, by default the last one that is over."""
    today = day_of(utc_now(), zone)
    monday = monday_of(week, today, zone)
    runtime = services_of(request).runtime
    this, last = week_slice(monday, today, zone)
    report, before = await asyncio.gather(loop_report(runtime, this), loop_report(runtime, last))
    tops = {name: (await breakdown(runtime, this, name)).rows[:TOP] for name in ("scene", "channel", "maker")}
    shown: dict[str, Any] = {"report": report, "lines": lines(report, before), "tops": tops, "kinds": KINDS}
    weeks = [monday + timedelta(days=7 * n) for n in (-1, 1)]
    return page(
        request,
        "console/loop/weekly.html",
        caller=caller,
        monday=monday,
        whole=this.last == monday + timedelta(days=6),
        weeks=weeks,
        current=today,
        incremental=await incremental(session, this.first, this.last, whole=True, zone=zone),
        **shown,
    )


def monday_of(text: str | None, today: date, zone: str) -> date:
    """The Monday of the day that ``text`` names, or of last week.

    Raises:
        FilterInvalid: it names none.
    """
    asked = asked_period(None, text, text, zone)
    day = asked.first if text else today - timedelta(days=7)
    return day - timedelta(days=day.weekday())


def week_slice(monday: date, today: date, zone: str = "UTC") -> tuple[Slice, Slice]:
    """The week as far as it has come, and the same days of the one before."""
    until = min(monday + timedelta(days=6), max(today, monday))
    week = timedelta(days=7)
    return Slice(monday, until, zone=zone), Slice(monday - week, until - week, zone=zone)


def lines(report: LoopReport, before: LoopReport) -> list[WeeklyLine]:
    """The steps of the loop against the week before."""
    counts = {step.step: step.count for step in before.steps}
    return [
        WeeklyLine(step.step, step.label, step.count, counts.get(step.step, 0))
        for step in report.steps
        if step.step in STEPS
    ]
