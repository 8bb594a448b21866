"""Background work of trust: recording licences that have ended."""

from procrastinate import JobContext
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.signals import RightsChanged
from groundswell.platform.clock import utc_now
from groundswell.platform.jobs import WHENEVER, defer, task
from groundswell.platform.runtime import runtime_of
from groundswell.platform.signals import on

from . import lapses

ONCE = "trust.record_lapses"


@task("trust.record_lapses")
async def record_lapses(context: JobContext) -> None:
    """Record the licences that have ended since, and lift the records of those that were renewed."""
    async with runtime_of(context).database.transaction() as session:
        await lapses.record(session, utc_now())


async def soon(session: AsyncSession) -> None:
    """Record when this transaction has committed, unless a recording is waiting anyway."""
    await defer(session, record_lapses, priority=WHENEVER, once=ONCE)


@on(RightsChanged)
async def changed(session: AsyncSession, signal: RightsChanged) -> None:
    await soon(session)
