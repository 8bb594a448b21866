"""What the community does at the signals of those below, and what it makes in the background."""

from uuid import UUID

from procrastinate import JobContext, RetryStrategy
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.moments.media.tiers import recipe_of
from groundswell.moments.recipes import WIDE
from groundswell.moments.signals import MomentChanged, MomentDeleted
from groundswell.moments.tables import Moment
from groundswell.platform.jobs import task
from groundswell.platform.runtime import runtime_of
from groundswell.platform.signals import on
from groundswell.trust.decisions import STOPS_SHOWING
from groundswell.trust.signals import HeldReleased, Restricted

from . import supercut_maker, supercuts
from .comment_tables import Comment
from .comments import let_through
from .signals import CollectionChanged
from .supercut_tables import SupercutPart

UNTIL_FREE = RetryStrategy(max_attempts=20, wait=30)
"""Longer than somebody else may take to make one."""


@task("community.make_supercut", retry=UNTIL_FREE)
async def make_supercut(context: JobContext, collection: str, recipe: str) -> None:
    """Make the supercut of a collection as it was asked for, unless it is there or no longer wanted."""
    await supercut_maker.make(runtime_of(context), UUID(collection), recipe)


@task("community.drop_supercut", retry=UNTIL_FREE)
async def drop_supercut(context: JobContext, recipe: str) -> None:
    """Drop the bytes of a supercut that no collection has any more; once it is made, where it is being made."""
    await supercut_maker.drop(runtime_of(context), recipe)


@on(HeldReleased)
async def released(session: AsyncSession, signal: HeldReleased) -> None:
    """Staff have decided about a comment: it waits no longer. What they took down stays down by their decision."""
    if signal.subject_kind == "comment":
        comment = await session.get(Comment, signal.subject_id, with_for_update=True)
        if comment is not None:
            await let_through(session, comment)


@on(CollectionChanged)
async def collection_changed(session: AsyncSession, signal: CollectionChanged) -> None:
    """Its supercut shows what was in it before."""
    await (supercuts.forget if signal.gone else supercuts.outdate)(session, [signal.collection_id])


@on(MomentDeleted)
async def moment_deleted(session: AsyncSession, signal: MomentDeleted) -> None:
    """Supercuts show it no longer."""
    await _outdate(session, select(SupercutPart.collection_id).filter_by(moment_id=signal.moment.id))


@on(MomentChanged)
async def moment_changed(session: AsyncSession, signal: MomentChanged) -> None:
    """Supercuts do not show it as it was before, nor what is public no longer. Its words are in none."""
    moment = signal.moment
    query = select(SupercutPart.collection_id).filter_by(moment_id=moment.id)
    if moment.visibility == "public":
        query = query.where(SupercutPart.recipe_hash != recipe_of(moment, WIDE).hash)
    await _outdate(session, query)


@on(Restricted)
async def restricted(session: AsyncSession, signal: Restricted) -> None:
    """Supercuts show nothing that a decision took down: nor of that title, nor of that maker."""
    decision = signal.decision
    column = {"moment": Moment.id, "title": Moment.title_id, "viewer": Moment.viewer_id}.get(decision.subject_kind)
    if column is not None and decision.action in STOPS_SHOWING:
        shown = select(SupercutPart.collection_id).join(Moment, Moment.id == SupercutPart.moment_id)
        await _outdate(session, shown.where(column == decision.subject_id))


async def _outdate(session: AsyncSession, query: Select[UUID]) -> None:
    if ids := list(await session.scalars(query.distinct())):
        await supercuts.outdate(session, ids)
