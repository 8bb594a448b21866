"""Counting what is new in the event log, marking what scenes are made of, and finding what is marked.

What is counted, and how: ``tally``. What is made of it: ``title_refresh``.
"""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.locks import Lock, lock

from .tables import StaleMoment, StaleTitle
from .tally import tally
from .title_refresh import gather


async def refresh(session: AsyncSession) -> int:
    """Bring heat and the scenes of every title up to date, in the caller's transaction; returns how many titles were
    gathered. For few: the service gathers each title in a job of its own."""
    await count(session)
    titles = await stale_titles(session)
    for title_id in titles:
        while await gather(session, title_id):
            pass
    return len(titles)


async def count(session: AsyncSession) -> None:
    """Count what is new in the event log, and mark the moments that it is about."""
    await lock(session, Lock.HEAT)
    await tally(session)


async def stale_titles(session: AsyncSession, limit: int | None = None) -> list[UUID]:
    """The titles of which something is marked, those that wait longest first."""
    whole = list(await session.scalars(select(StaleTitle.title_id).limit(limit)))
    marked = select(StaleMoment.title_id).group_by(StaleMoment.title_id).order_by(func.min(StaleMoment.id)).limit(limit)
    return list(dict.fromkeys([*whole, *await session.scalars(marked)]))[:limit]
