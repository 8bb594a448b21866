"""Closing a month: asked for by one of finance, confirmed by another, and from then on nothing is posted into it.

The database refuses it (``ledger_triggers.MONTHS``). What comes late is in the next month: what is taken back or paid
is posted in the month in which that is done, and what was earned late is counted by the next month's pool. A month is
opened again the same way, by a row of its own with its reason; what was closed stays written.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.ids import uuid7
from groundswell.platform.locks import Lock, lock
from groundswell.platform.problems import Conflict, NotFound

from .ledger import MonthClosed
from .month_end import POOL_MISSING, obstacles
from .payables import SamePerson
from .tables import MonthClosing, PostingRow

Act = Literal["close", "reopen"]
MOST = 100


class MonthObstructed(Conflict):
    code, title = "month_obstructed", "Something may still change what was earned in this month."


class MonthOpen(Conflict):
    code, title = "month_open", "This month is not closed."


class ClosingWaits(Conflict):
    code, title = "closing_waits", "Somebody has asked for this month to be closed, or opened again; answer that first."


class ClosingUnknown(NotFound):
    code, title = "closing_unknown", "Nobody has asked for this month to be closed, or opened again."


async def ask(
    session: AsyncSession, period: str, act: Act, reason: str, by: str, *, without_pool: bool = False
) -> MonthClosing:
    """Ask for a month to be closed, or opened again; somebody else confirms it.

    Args:
        without_pool: close it although it has sales and no pool: nothing of it is shared. What else stands in the way
            still does.

    Raises:
        MonthClosed, MonthOpen, MonthObstructed, ClosingWaits: as they say.
    """
    await _check(session, period, act, without_pool)
    values = {
        "id": uuid7(), "period": period, "act": act, "reason": reason, "asked_by": by, "asked_at": utc_now(),
        "without_pool": without_pool and act == "close",
    }  # fmt: skip
    made = insert(MonthClosing).values(values).on_conflict_do_nothing().returning(MonthClosing)
    row: MonthClosing | None = await session.scalar(made)
    if row is None:
        raise ClosingWaits()
    return row


async def _check(session: AsyncSession, period: str, act: str, without_pool: bool) -> None:
    if await is_closed(session, period) == (act == "close"):
        raise MonthClosed() if act == "close" else MonthOpen()
    standing = await obstacles(session, period) if act == "close" else []
    if without_pool:
        standing = [each for each in standing if each.code != POOL_MISSING]
    if standing:
        raise MonthObstructed(" ".join(each.words for each in standing), obstacles=[each.code for each in standing])


async def confirm(session: AsyncSession, period: str, by: str) -> MonthClosing:
    """Do what somebody else asked for. Whoever is posting into the month is waited for; nobody does afterwards.

    Raises:
        ClosingUnknown, SamePerson; MonthObstructed: something has come between.
    """
    row = await _waiting(session, period)
    if row.asked_by == by:
        raise SamePerson("Whoever asked for it does not confirm it; somebody else does.")
    await lock(session, Lock.MONTH, period)
    await _check(session, period, row.act, row.without_pool)
    told, at = await figures(session, period), await _after_all(session, period)
    row.figures, row.outcome, row.decided_by, row.decided_at = told, "done", by, at
    await session.flush()
    return row


async def _after_all(session: AsyncSession, period: str) -> datetime:
    """Now, and after all that was done to a month: it is as the newest says, whichever machine's clock is behind."""
    query = select(func.max(MonthClosing.decided_at)).filter_by(period=period, outcome="done")
    last: datetime | None = await session.scalar(query)
    return utc_now() if last is None else max(utc_now(), last + timedelta(microseconds=1))


async def withdraw(session: AsyncSession, period: str, by: str) -> MonthClosing:
    """Let what was asked for be.

    Raises:
        ClosingUnknown.
    """
    row = await _waiting(session, period)
    row.outcome, row.decided_by, row.decided_at = "withdrawn", by, utc_now()
    await session.flush()
    return row


async def _waiting(session: AsyncSession, period: str) -> MonthClosing:
    query = select(MonthClosing).filter_by(period=period, outcome=None).with_for_update()
    row: MonthClosing | None = await session.scalar(query.execution_options(populate_existing=True))
    if row is None:
        raise ClosingUnknown()
    return row


async def is_closed(session: AsyncSession, period: str) -> bool:
    """Whether nothing can be posted into a month."""
    query = select(MonthClosing.act).filter_by(period=period, outcome="done")
    return await session.scalar(query.order_by(MonthClosing.decided_at.desc()).limit(1)) == "close"


async def figures(session: AsyncSession, period: str) -> dict[str, Any]:
    """What was posted into a month: how many postings, and how much they moved, in minor units by currency."""
    query = select(PostingRow.currency, func.count(), func.sum(PostingRow.amount_minor))
    query = query.where(PostingRow.period == period)
    rows = (await session.execute(query.group_by(PostingRow.currency).order_by(PostingRow.currency))).all()
    return {"postings": sum(count for _, count, _ in rows), "moved_minor": {row[0]: int(row[2]) for row in rows}}


async def closings(session: AsyncSession, periods: Sequence[str]) -> list[MonthClosing]:
    """What was asked and done of months, newest first."""
    query = select(MonthClosing).where(among(MonthClosing.period, periods))
    return list(await session.scalars(query.order_by(MonthClosing.asked_at.desc()).limit(MOST)))
