"""Asking for the media of a moment: made when first asked for, never twice at once, given up on by nobody who waits."""

from dataclasses import asdict
from datetime import timedelta

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.moments.jobs import render
from groundswell.moments.recipes import Recipe
from groundswell.moments.tables import Moment, Rendition
from groundswell.platform.clock import utc_now
from groundswell.platform.jobs import SOON, defer

from .renderer import is_being_made
from .tiers import facts_of, recipe_of

PASSING = frozenset(
    {"timed_out", "out_of_memory", "crashed", "disk_full", "cannot_write", "source_missing", "segment_missing"}
)
"""Failures that another try may not meet."""

TRY_AGAIN_AFTER = timedelta(seconds=60)


async def ensure(session: AsyncSession, recipe: Recipe, priority: int = SOON) -> Rendition:
    """The rendition of ``recipe``. Where it is neither ready nor being made, a job for it is queued.

    Anybody who still waits calls this again: a job whose worker died, or that was tried in vain, is replaced.
    A higher ``priority`` than that of the waiting job overtakes it.
    """
    values = {
        "recipe_hash": recipe.hash,
        "source_id": recipe.source_id,
        "start_us": recipe.start_us,
        "end_us": recipe.end_us,
        "profile": recipe.profile,
        "captions": recipe.captions,
        "card": recipe.card and asdict(recipe.card),
        "framing": [list(each) for each in recipe.framing] or None,
    }
    new = insert(Rendition).values(values | {"status": "queued", "progress": 0}).on_conflict_do_nothing()
    await session.execute(new)
    row = await session.get_one(Rendition, recipe.hash, populate_existing=True)
    if row.status == "failed" and _worth_another_try(row):
        row.status, row.failure_code, row.failure_words = "queued", None, None
    if not row.settled and not await is_being_made(session, recipe.hash):
        await defer(session, render, priority=priority, once=f"render:{recipe.hash}:{priority}", recipe=recipe.hash)
    return row


def _worth_another_try(row: Rendition) -> bool:
    return row.failure_code in PASSING and row.settled_at is not None and row.settled_at < utc_now() - TRY_AGAIN_AFTER


async def prepare(session: AsyncSession, moment: Moment) -> None:
    """Queue all that the moment's maker, who watches, and its landing page need."""
    facts = (await facts_of(session, [moment.source_id]))[moment.source_id]
    for profile, priority in facts.wanted():
        await ensure(session, recipe_of(moment, profile), priority)


async def lost(session: AsyncSession, recipe: Recipe) -> None:
    """The store no longer has the bytes of a ready rendition: forget them, so that they are made again."""
    row = await session.get(Rendition, recipe.hash, with_for_update=True)
    if row is not None and row.status == "ready":
        row.status, row.progress, row.storage_key = "queued", 0, None
