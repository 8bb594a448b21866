"""Asking the lake: how fresh it is, which days a question needs, and running it where nobody waits."""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import func, select

from groundswell.events.lake.delta import SEALED
from groundswell.events.tables import LakeSeal
from groundswell.media.scratch import scratch
from groundswell.platform.clock import UTC_DAYS, LocalDays, local_days
from groundswell.platform.runtime import Runtime

from .dimensions import named
from .report_filter import Slice
from .virality import WINDOW

if TYPE_CHECKING:
    from .engine import Lake

A = TypeVar("A")

BEFORE = timedelta(days=60)
"""Shares may have been made so long before the period that their sign-ups fall in."""

AFTER = max(2 * WINDOW, timedelta(days=91))
"""What newcomers brought, and whether they still paid, is known so long after it."""


async def sealed_until(runtime: Runtime) -> datetime | None:
    """The instant up to which the lake is complete; None when nothing has been sealed yet."""
    async with runtime.database.transaction() as session:
        count, as_of = (
            await session.execute(select(func.count(), func.min(LakeSeal.as_of)).where(LakeSeal.name.in_(SEALED)))
        ).one()
    return as_of if count == len(SEALED) else None


async def read(runtime: Runtime, slice: Slice, dimensions: Iterable[str], ask: "Callable[[Lake], A]") -> A:
    """What ``ask`` finds in the lake's days around ``slice``, in a thread (``readers``): the event loop has other work.

    Args:
        dimensions: those that ``ask`` tells numbers apart by, beside the slice's own.

    Raises:
        EngineUnknown, EngineDown, LakeDamaged.
    """
    with scratch() as folder:
        async with runtime.database.transaction() as session:
            beside = await named(session, {*dimensions, *slice.where}, folder, slice.zone)

        def run() -> A:
            from .engine import opened

            with opened(runtime.settings, earlier(slice.first), later(slice.last), beside) as lake:
                return ask(lake)

        return await asyncio.get_running_loop().run_in_executor(readers(runtime.settings.reports_at_once), run)


@cache
def readers(at_once: int) -> ThreadPoolExecutor:
    """The threads in which reports are computed: their own, so that they never take those that check tokens or read
    files, and few, since each is a share of the processor that visitors wait for."""
    return ThreadPoolExecutor(at_once, "reports")


def days_of(slice: Slice) -> LocalDays:
    """How the slice's days are cut, in all days of the lake that it reads."""
    return UTC_DAYS if slice.zone == "UTC" else local_days(slice.zone, earlier(slice.first), later(slice.last))


def earlier(day: date) -> date:
    return max(day, date(1970, 3, 2)) - BEFORE


def later(day: date) -> date:
    return min(day, date(2199, 1, 1)) + AFTER
