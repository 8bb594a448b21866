"""Who is kept apart from whom: the one rule that every list and every page asks (``separation_of``).

A block keeps two people apart in both directions: neither finds the other, nor what the other made, nor may follow or
answer them. A mute takes the other out of the lists that the viewer sees, and does nothing else.
"""

from uuid import UUID

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.providers import NOBODY, Separation, separation_of
from groundswell.platform.problems import Problem

from .collections import end_between
from .tables import Barrier, Follow

MOST = 5_000
"""Barriers of one viewer: beyond that they were not put up by hand."""


class TooManyBarriers(Problem):
    status, code, title = 409, "too_many_barriers", f"You can block or mute {MOST:,} people."


@separation_of.answer
async def kept_apart(session: AsyncSession, viewer_id: UUID | None) -> Separation:
    """Whom a viewer is kept apart from; looked up once in a session, until a barrier changes in it."""
    if viewer_id is None:
        return NOBODY
    known: dict[UUID, Separation] = session.info.setdefault("separations", {})
    if viewer_id not in known:
        query = select(Barrier).where(
            or_(Barrier.viewer_id == viewer_id, and_(Barrier.other_id == viewer_id, Barrier.kind == "block"))
        )
        rows = (await session.scalars(query)).all()
        blocked = {row.other_id if row.viewer_id == viewer_id else row.viewer_id for row in rows if row.kind == "block"}
        muted = {row.other_id for row in rows if row.kind == "mute"}
        known[viewer_id] = Separation(frozenset(blocked), frozenset(muted))
    return known[viewer_id]


async def put_up(session: AsyncSession, viewer_id: UUID, other_id: UUID, kind: str) -> None:
    """Block or mute somebody. A block ends that they follow each other; it takes the place of a mute, never the other
    way round.

    Raises:
        TooManyBarriers: the viewer has put up ``MOST``.
    """
    query = select(Barrier.other_id).filter_by(viewer_id=viewer_id).limit(MOST)
    if len((await session.scalars(query)).all()) >= MOST:
        raise TooManyBarriers()
    row = insert(Barrier).values(viewer_id=viewer_id, other_id=other_id, kind=kind)
    key = [Barrier.viewer_id, Barrier.other_id]
    stays = row.on_conflict_do_nothing(index_elements=key)
    await session.execute(
        stays if kind == "mute" else row.on_conflict_do_update(index_elements=key, set_={"kind": kind})
    )
    if kind == "block":
        theirs = and_(Follow.follower_id == other_id, Follow.followed_id == viewer_id)
        mine = and_(Follow.follower_id == viewer_id, Follow.followed_id == other_id)
        await session.execute(delete(Follow).where(or_(theirs, mine)))
        await end_between(session, viewer_id, other_id)
    session.info.pop("separations", None)


async def take_down(session: AsyncSession, viewer_id: UUID, other_id: UUID, kind: str) -> None:
    """Take back a block or a mute; that they followed each other before does not come back with it."""
    await session.execute(delete(Barrier).filter_by(viewer_id=viewer_id, other_id=other_id, kind=kind))
    session.info.pop("separations", None)


async def barriers_of(session: AsyncSession, viewer_id: UUID, limit: int) -> list[tuple[UUID, str]]:
    """Whom a viewer has blocked or muted, the latest first, and which of the two."""
    query = select(Barrier.other_id, Barrier.kind).filter_by(viewer_id=viewer_id)
    rows = await session.execute(query.order_by(Barrier.created_at.desc(), Barrier.other_id).limit(limit))
    return [(row.other_id, row.kind) for row in rows]
