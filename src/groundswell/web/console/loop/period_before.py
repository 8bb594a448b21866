"""The period before, beside every number of the one that is looked at: as many days, just before it."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from groundswell.insights.reports.loop import loop_report
from groundswell.insights.reports.report_filter import EARLIEST, Slice
from groundswell.insights.schemas import LoopReport
from groundswell.platform.runtime import Runtime


@dataclass(frozen=True)
class FiguresBefore:
    """The headline numbers of the period before: by step, net revenue by currency, K, the cycle time, what was left
    out by kind of traffic."""

    first: date
    last: date
    counts: dict[str, float]
    net_minor: dict[str, int]
    k: float | None
    median_s: float | None
    left_out: dict[str, int]


async def with_before(runtime: Runtime, slice: Slice, model: str) -> tuple[LoopReport, LoopReport]:
    """The report of a period, and that of the one before it.

    Raises:
        as ``loop_report``.
    """
    slice.check()
    report = await loop_report(runtime, slice, model)
    return report, await loop_report(runtime, slice_before(slice), model, headline=True)


def slice_before(slice: Slice) -> Slice:
    """As many days just before, narrowed alike."""
    length = min(slice.last - slice.first + timedelta(days=1), slice.first - EARLIEST)
    return replace(slice, first=slice.first - length, last=slice.last - length)


def figures_before(report: LoopReport) -> FiguresBefore:
    return FiguresBefore(
        first=report.first,
        last=report.last,
        counts={step.step: step.count for step in report.steps},
        net_minor={each.currency: each.net_minor for each in report.revenue},
        k=report.virality.cohort.value,
        median_s=report.cycle.median_s,
        left_out={
            kind: sum(each.events for each in report.excluded if each.traffic == kind) for kind in ("givt", "sivt")
        },
    )
