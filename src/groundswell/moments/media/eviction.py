"""What is not asked for any more is dropped: it is made again when somebody asks.

Never what is in use: nothing asked for within ``GRACE``, nothing that is being made. Objects go first, then the row,
so that whatever interrupts this leaves nothing that no row knows; a row whose objects are gone mends itself when asked
for.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.moments.tables import Rendition
from groundswell.platform.clock import utc_now
from groundswell.platform.range_server import trim_cache
from groundswell.platform.runtime import Runtime
from groundswell.platform.settings import Settings
from groundswell.platform.trusted_clock import time_to_destroy

from .exact_hls import objects_of
from .renderer import sole_maker

log = structlog.get_logger(__name__)

EVERY = timedelta(minutes=10)
"""The first time comes as long after the start, which has enough to do."""
GRACE = timedelta(hours=2)
NOTED_EVERY = timedelta(hours=1)
"""How exactly it is known when something was last asked for."""


class LastAsked(Protocol):
    """What says when it was last asked for."""

    asked_at: datetime


def note_asked(rendition: LastAsked) -> None:
    """Somebody asked for it. Written at most once an hour."""
    if rendition.asked_at < utc_now() - NOTED_EVERY:
        rendition.asked_at = utc_now()


async def drop_unasked(runtime: Runtime, now: datetime) -> int:
    """Drop what the settings do not let us keep, the least recently asked for first; returns how many."""
    async with runtime.database.transaction() as session:
        hashes = await _superfluous(session, runtime.settings, now)
    dropped = 0
    for recipe_hash in hashes:
        dropped += await drop(runtime, recipe_hash, now - GRACE)
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


async def drop(runtime: Runtime, recipe_hash: str, unasked_since: datetime | None = None) -> bool:
    """Drop a rendition, unless it is being made or has been asked for since; whether it is gone."""
    async with sole_maker(runtime.database, recipe_hash) as mine:
        if mine is None:
            return False
        async with runtime.database.transaction() as session:
            row = await session.get(Rendition, recipe_hash, with_for_update=True)
            if row is None or not row.settled:
                return row is None or row.status == "queued"
            if unasked_since is not None and row.asked_at >= unasked_since:
                return False
            for key in objects_of(row):
                await runtime.store.delete(key)
            await session.delete(row)
    return True


async def evict(runtime: Runtime) -> None:
    """Drop what is superfluous, here and in this machine's cache. Several processes may: each drop is one process's."""
    if (now := await time_to_destroy(runtime.database, "renditions")) is not None:
        await drop_unasked(runtime, now)
        await asyncio.to_thread(trim_cache, runtime.store.cache, runtime.settings.cache_mb << 20)
