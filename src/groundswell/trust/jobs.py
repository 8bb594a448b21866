"""Background work of trust: recording licences that have ended; and what it does when titles are withdrawn."""

from procrastinate import JobContext
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.signals import RightsChanged, TitleReturned, TitleWithdrawn
from groundswell.platform.clock import utc_now
from groundswell.platform.jobs import WHENEVER, defer, task
from groundswell.platform.runtime import runtime_of
from groundswell.platform.signals import on

from . import licence_expiry, withdrawals
from .signals import Lifted

ONCE = "trust.record_lapses"


@task("trust.record_lapses")
async def record_lapses(context: JobContext) -> None:
    """Record the licences that have ended since, and lift the records of those that were renewed."""
    async with runtime_of(context).database.transaction() as session:
        await licence_expiry.record(session, utc_now())


async def soon(session: AsyncSession) -> None:
    """Record when this transaction has committed, unless a recording is waiting anyway."""
    await defer(session, record_lapses, priority=WHENEVER, once=ONCE)


@on(RightsChanged)
async def changed(session: AsyncSession, signal: RightsChanged) -> None:
    await soon(session)


@on(TitleWithdrawn)
async def withdrawn(session: AsyncSession, signal: TitleWithdrawn) -> None:
    await withdrawals.record(session, signal.title_id, signal.by)


@on(TitleReturned)
async def returned(session: AsyncSession, signal: TitleReturned) -> None:
    await withdrawals.lift_record(session, signal.title_id, signal.by)


@on(Lifted)
async def lifted(session: AsyncSession, signal: Lifted) -> None:
    if signal.decision.subject_kind == "title":
        await withdrawals.record_again(session, signal.decision.subject_id)
