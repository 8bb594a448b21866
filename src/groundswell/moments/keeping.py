"""What is not asked for any more is dropped: it is made again when somebody asks.

Never what is in use: nothing asked for within ``GRACE``, nothing that is being made. Objects go first, then the row,
so that whatever interrupts this leaves nothing that no row knows; a row whose objects are gone mends itself when asked
for.
"""

import asyncio
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.distant import trim_cache
from groundswell.platform.runtime import Runtime
from groundswell.platform.settings import Settings

from .exact import objects_of
from .rendering import sole_maker
from .tables import Rendition

log = structlog.get_logger(__name__)

EVERY = timedelta(hours=1)
GRACE = timedelta(hours=2)
NOTED_EVERY = timedelta(hours=1)
"""How exactly it is known when something was last asked for."""


def note_asked(rendition: Rendition) -> None:
    """Somebody asked for it. Written at most once an hour."""
    if rendition.asked_at < utc_now() - NOTED_EVERY:
        rendition.asked_at = utc_now()


async def drop_unasked(runtime: Runtime, now: datetime) -> int:
    """Drop what the settings do not let us keep, the least recently asked for first; returns how many."""
    async with runtime.database.transaction() as session:
        hashes = await _superfluous(session, runtime.settings, now)
    dropped = 0
    for recipe_hash in hashes:
        dropped += await _drop(runtime, recipe_hash, now)
    if dropped:
        log.info("renditions_dropped", renditions=dropped)
    return dropped


async def _superfluous(session: AsyncSession, settings: Settings, now: datetime) -> list[str]:
    """Hashes of settled renditions that are too old, or that lie beyond what may be kept in all."""
    newer_first = (Rendition.asked_at.desc(), Rendition.recipe_hash)
    size = func.coalesce(Rendition.size_bytes, 0)
    kept = select(
        Rendition.recipe_hash,
        Rendition.asked_at,
        func.sum(size).over(order_by=newer_first).label("so_far"),
    ).where(Rendition.status.in_(["ready", "failed"]))
    rows = kept.subquery()
    rules = []
    if settings.rendition_keep_days:
        rules.append(rows.c.asked_at < now - timedelta(days=settings.rendition_keep_days))
    if settings.rendition_keep_mb is not None:
        rules.append(rows.c.so_far > settings.rendition_keep_mb << 20)
    if not rules:
        return []
    query = select(rows.c.recipe_hash).where(rows.c.asked_at < now - GRACE, or_(*rules)).order_by(rows.c.asked_at)
    return list(await session.scalars(query))


async def _drop(runtime: Runtime, recipe_hash: str, now: datetime) -> bool:
    async with sole_maker(runtime.database, recipe_hash) as mine:
        if mine is None:
            return False
        async with runtime.database.transaction() as session:
            row = await session.get(Rendition, recipe_hash, with_for_update=True)
            if row is None or not row.settled or row.asked_at >= now - GRACE:
                return False
            for key in objects_of(row):
                await runtime.store.delete(key)
            await session.delete(row)
    return True


async def keep_house(runtime: Runtime) -> None:
    """``drop_unasked`` every hour, until cancelled. Several processes may do it: each drop is one process's."""
    while True:
        try:
            await drop_unasked(runtime, utc_now())
            await asyncio.to_thread(trim_cache, runtime.store.cache, runtime.settings.cache_mb << 20)
        except Exception as error:
            log.warning("renditions_not_dropped", error=str(error).split("\n", 1)[0])
        await asyncio.sleep(EVERY.total_seconds())
