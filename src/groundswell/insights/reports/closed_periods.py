"""A period that is over keeps its figures as they were first told: what changed since is marked, with its causes.

Nothing is frozen: a later verdict, a refund and an event that comes late belong to the day on which it happened,
whatever was told of that day before. So that nobody is surprised, the first telling is kept beside the newest.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.attribution.tables import Conversion
from groundswell.events.tables import LoggedEvent, Reverdict
from groundswell.insights.schemas import Causes, ClosedFigure, ClosedSince, Row
from groundswell.insights.tables import ClosedReport

from .report_filter import Slice
from .wording import LABELS

KEPT = timedelta(days=800)
REVENUE = "revenue"


def figures_of(total: Row) -> dict[str, float]:
    """The figures that are kept of a period: its steps, and ``revenue EUR`` …"""
    counts = {step: count for step, count in total.counts.items() if count}
    money = {f"{REVENUE} {each.currency}": each.net_minor for each in total.revenue if each.net_minor}
    return counts | money


async def since_closed(
    session: AsyncSession, slice: Slice, model: str, figures: Mapping[str, float], as_of: datetime | None
) -> ClosedSince | None:
    """What changed since the period was first told after its end; None while it is not over, or nothing has.

    The first telling is this one where there was none.
    """
    if as_of is None or as_of < slice.end:
        return None
    question = hashlib.sha256(f"{slice!r}:{model}".encode()).hexdigest()
    first = insert(ClosedReport).values(question=question, figures=dict(figures), as_of=as_of)
    await session.execute(first.on_conflict_do_nothing())
    closed = await session.get_one(ClosedReport, question)
    changed = changes(closed.figures, figures)
    if not changed:
        return None
    return ClosedSince(first_told=closed.as_of, figures=changed, causes=await _causes(session, slice, closed.as_of))


def changes(before: Mapping[str, float], now: Mapping[str, float]) -> list[ClosedFigure]:
    """The figures that differ, in the order of the funnel, money last."""
    order = [*LABELS, *sorted(name for name in {*before, *now} if name.startswith(REVENUE))]
    pairs = ((name, before.get(name, 0), now.get(name, 0)) for name in order)
    return [
        ClosedFigure(figure=name, label=LABELS.get(name, name.capitalize()), before=then, now=value)
        for name, then, value in pairs
        if abs(value - then) > 1e-9
    ]


async def _causes(session: AsyncSession, slice: Slice, since: datetime) -> Causes:
    """What came after an instant and is of the period, whatever else it is of."""
    judged = select(func.count()).where(
        Reverdict.created_at > since, Reverdict.at >= slice.begin, Reverdict.at < slice.end
    )
    of_period = Conversion.at >= slice.begin, Conversion.at < slice.end, Conversion.received_at > since
    refunds = select(func.count()).where(*of_period, Conversion.kind == "refund")
    late = select(func.count()).where(
        LoggedEvent.at >= slice.begin,
        LoggedEvent.at < slice.end,
        LoggedEvent.received_at > since,
        LoggedEvent.kind != "refund",
    )
    return Causes(
        verdicts=await session.scalar(judged) or 0,
        refunds=await session.scalar(refunds) or 0,
        late=await session.scalar(late) or 0,
    )


async def forget_closed(session: AsyncSession, now: datetime) -> None:
    """Drop what was kept of periods so long ago that nobody can ask for them."""
    await session.execute(delete(ClosedReport).where(ClosedReport.as_of < now - KEPT))
