"""Keeping heat and scenes up to date: regularly (see ``lifespan``), and at once after a clip, a share, a decision."""

from procrastinate import JobContext
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.moments.signals import MomentCreated, MomentDeleted
from groundswell.moments.tables import Moment
from groundswell.platform.jobs import WHENEVER, defer, task
from groundswell.platform.runtime import runtime_of
from groundswell.platform.signals import on
from groundswell.shares.signals import ShareCreated
from groundswell.trust.signals import Lifted, Restricted

from . import refreshing

ONCE = "discovery.refresh"


@task("discovery.refresh")
async def refresh(context: JobContext) -> None:
    """Read what is new in the event log and gather the scenes that it changes."""
    async with runtime_of(context).database.transaction() as session:
        await refreshing.refresh(session)


async def soon(session: AsyncSession) -> None:
    """Refresh when this transaction has committed, unless a refresh is waiting anyway."""
    await defer(session, refresh, priority=WHENEVER, once=ONCE)


@on(MomentCreated)
async def clipped(session: AsyncSession, signal: MomentCreated) -> None:
    await soon(session)


@on(MomentDeleted)
async def deleted(session: AsyncSession, signal: MomentDeleted) -> None:
    await refreshing.mark_stale(session, signal.moment.title_id)
    await soon(session)


@on(ShareCreated)
async def shared(session: AsyncSession, signal: ShareCreated) -> None:
    await soon(session)


@on(Restricted)
async def restricted(session: AsyncSession, signal: Restricted) -> None:
    await _decided(session, signal)


@on(Lifted)
async def lifted(session: AsyncSession, signal: Lifted) -> None:
    await _decided(session, signal)


async def _decided(session: AsyncSession, signal: Restricted | Lifted) -> None:
    decision = signal.decision
    columns = {"moment": Moment.id, "title": Moment.title_id, "viewer": Moment.viewer_id}
    if decision.subject_kind in columns:
        about = columns[decision.subject_kind] == decision.subject_id
        titles = await session.scalars(select(Moment.title_id).where(about).distinct())
        await refreshing.mark_stale(session, *titles)
        await soon(session)
