"""Asking the lake: how fresh it is, which days a question needs, and running it where nobody waits."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import func, select

from groundswell.events.lake.delta import SEALED
from groundswell.events.tables import LakeSeal
from groundswell.media.scratch import scratch
from groundswell.platform.clock import UTC_DAYS, LocalDays, local_days
from groundswell.platform.runtime import Runtime
from groundswell.platform.settings import Settings

from .dimensions import named
from .report_filter import Slice
from .report_process import computed
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
    """What ``ask`` finds in the lake's days around ``slice``, in another process (``report_process``).

    Args:
        dimensions: those that ``ask`` tells numbers apart by, beside the slice's own.
        ask: a function of a module, or a ``partial`` of one: it goes to the other process, and what it finds comes
            back.

    Raises:
        EngineUnknown, EngineDown, LakeDamaged.
    """
    with scratch() as folder:
        async with runtime.database.transaction() as session:
            beside = await named(session, {*dimensions, *slice.where}, folder, slice.zone)
        return await computed(
            runtime, partial(_asked, runtime.settings, earlier(slice.first), later(slice.last), beside, ask)
        )


def _asked(settings: Settings, first: date, last: date, beside: Mapping[str, Path], ask: "Callable[[Lake], A]") -> A:
    from .engine import mapped, opened

    with opened(settings, first, last, {name: mapped(path) for name, path in beside.items()}) as lake:
        return ask(lake)


def days_of(slice: Slice) -> LocalDays:
    """How the slice's days are cut, in all days of the lake that it reads."""
    return UTC_DAYS if slice.zone == "UTC" else local_days(slice.zone, earlier(slice.first), later(slice.last))


def earlier(day: date) -> date:
    return max(day, date(1970, 3, 2)) - BEFORE


def later(day: date) -> date:
    return min(day, date(2199, 1, 1)) + AFTER
