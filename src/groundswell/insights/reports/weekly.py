"""One week against the week before: what changed, and by what most of it came. Read on a page, and mailed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from groundswell.accounts.person_names import EVERY_NAME, PersonNames
from groundswell.insights.schemas import BreakdownRow, LoopReport
from groundswell.platform.runtime import Runtime

from .breakdown import breakdown
from .dimensions import DIMENSIONS
from .labels import named_for
from .loop import loop_report
from .report_filter import Slice

STEPS = ("share", "unfurl", "click", "play", "sign_up", "subscription")
EXPLAINED = ("click", "sign_up", "subscription")
"""The steps of which it is said by what they changed."""

BY = ("scene", "channel", "maker")
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


@dataclass(frozen=True)
class ChangePart:
    """The channel, scene or creator by which most of a change came, and how much."""

    dimension: str
    one: str
    label: str
    change: float


@dataclass(frozen=True)
class Mover:
    """How much a step changed, and by what."""

    step: str
    label: str
    change: float
    by: list[ChangePart]


@dataclass(frozen=True)
class WeeklyReport:
    """The week that begins on ``monday``, as far as it has come, against the same days of the one before."""

    monday: date
    report: LoopReport
    before: LoopReport
    tops: dict[str, list[BreakdownRow]]
    lines: list[WeeklyLine]
    movers: list[Mover]

    @property
    def whole(self) -> bool:
        return self.report.last == self.monday + timedelta(days=6)


async def weekly_report(
    runtime: Runtime, monday: date, today: date, zone: str = "UTC", names: PersonNames = EVERY_NAME
) -> WeeklyReport:
    """The week that begins on ``monday``, a day of ``zone``, with people as whoever reads it may see them.

    Raises:
        as ``loop_report``.
    """
    this, last = week_slice(monday, today, zone)
    # One after another: a page holds no more of its class's connections than one beside its own.
    report, before = await loop_report(runtime, this), await loop_report(runtime, last, headline=True)
    now, then = await _parts(runtime, this, names), await _parts(runtime, last, names)
    shown = lines(report, before)
    return WeeklyReport(
        monday=monday,
        report=report,
        before=before,
        tops={name: rows[:TOP] for name, rows in now.items()},
        lines=shown,
        movers=movers(shown, now, then),
    )


async def _parts(runtime: Runtime, slice: Slice, names: PersonNames) -> dict[str, list[BreakdownRow]]:
    return {name: named_for(names, name, (await breakdown(runtime, slice, name, retention=False)).rows) for name in BY}


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


def movers(
    shown: Sequence[WeeklyLine],
    now: Mapping[str, Sequence[BreakdownRow]],
    before: Mapping[str, Sequence[BreakdownRow]],
) -> list[Mover]:
    """Of the steps that changed: by which scene, channel and creator most of the change came."""
    changed = [line for line in shown if line.step in EXPLAINED and line.count != line.before]
    return [
        Mover(
            line.step,
            line.label,
            line.count - line.before,
            [part for name in BY if (part := _most(line, name, now[name], before[name])) is not None],
        )
        for line in changed
    ]


def _most(
    line: WeeklyLine, name: str, now: Sequence[BreakdownRow], before: Sequence[BreakdownRow]
) -> ChangePart | None:
    """The row that changed most in the direction in which the whole did; None when none did."""
    labels = {row.key: row.label for row in (*before, *now)}
    counts = [{row.key: row.counts.get(line.step, 0.0) for row in rows} for rows in (now, before)]
    changes = {key: counts[0].get(key, 0.0) - counts[1].get(key, 0.0) for key in labels}
    way = 1 if line.count > line.before else -1
    key = min(changes, key=lambda key: (-way * changes[key], key), default=None)
    if key is None or way * changes[key] <= 0:
        return None
    return ChangePart(name, DIMENSIONS[name].one, labels[key], changes[key])
