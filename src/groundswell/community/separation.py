"""Who is kept apart from whom: the one rule that every page (``separation_of``) and every list (``not_apart``) asks.

A block keeps two people apart in both directions: neither finds the other, nor what the other made, nor may follow or
answer them. A mute takes the other out of the lists that the viewer sees, and does nothing else.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, and_, delete, or_, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from groundswell.accounts.providers import NOBODY, Separation, separation_of
from groundswell.platform.database import among
from groundswell.platform.problems import Problem

from .collections import end_between
from .tables import Barrier, Follow

MOST = 5_000
"""Barriers of one viewer: beyond that they were not put up by hand. How many others put up against one has no bound, so
nothing here reads all of them: it is asked of those who are about to be shown (``separation_of``), or within a query
(``not_apart``)."""

KNOWN, ANY = "separations", "any_separation"


class TooManyBarriers(Problem):
    status, code, title = 409, "too_many_barriers", f"You can block or mute {MOST:,} people."


@separation_of.answer
async def kept_apart(session: AsyncSession, viewer_id: UUID | None, others: Collection[UUID]) -> Separation:
    """Whom of ``others`` a viewer is kept apart from; each is looked up once in a session, until a barrier changes in
    it."""
    if viewer_id is None:
        return NOBODY
    known: dict[UUID, set[str]] = session.info.setdefault(KNOWN, {}).setdefault(viewer_id, {})
    if new := set(others) - known.keys():
        query = select(Barrier.viewer_id, Barrier.other_id, Barrier.kind)
        mine = and_(Barrier.viewer_id == viewer_id, among(Barrier.other_id, new))
        theirs = and_(Barrier.other_id == viewer_id, Barrier.kind == "block", among(Barrier.viewer_id, new))
        rows = (await session.execute(query.where(or_(mine, theirs)))).all()
        known.update({other: set() for other in new})
        for row in rows:
            known[row.other_id if row.viewer_id == viewer_id else row.viewer_id].add(row.kind)
    return Separation(*(frozenset(other for other in others if kind in known[other]) for kind in ("block", "mute")))


async def is_apart(session: AsyncSession, viewer_id: UUID | None) -> bool:
    """Whether a viewer is kept apart from anybody."""
    if viewer_id is None:
        return False
    known: dict[UUID, bool] = session.info.setdefault(ANY, {})
    if viewer_id not in known:
        mine = select(Barrier.other_id).where(Barrier.viewer_id == viewer_id).exists()
        theirs = select(Barrier.viewer_id).where(Barrier.other_id == viewer_id, Barrier.kind == "block").exists()
        known[viewer_id] = bool(await session.scalar(select(or_(mine, theirs))))
    return known[viewer_id]


def apart_from(viewer: UUID | BindParameter[UUID], other: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """Whether a viewer is blocked by ``other``, or has blocked or muted them: for queries, in which there is no end of
    others."""
    mine = select(Barrier.other_id).where(Barrier.viewer_id == viewer, Barrier.other_id == other)
    return or_(mine.exists(), _blocks(other, viewer))


async def not_apart(
    session: AsyncSession, viewer_id: UUID | None, other: InstrumentedAttribute[Any], *, muted: bool = True
) -> ColumnElement[bool]:
    """That nothing keeps a viewer and ``other`` apart, for a query's WHERE.

    Args:
        muted: those whom the viewer has muted are apart, too.
    """
    if viewer_id is None or not await is_apart(session, viewer_id):
        return true()
    return ~(apart_from(viewer_id, other) if muted else or_(_blocks(other, viewer_id), _blocks(viewer_id, other)))


Person = UUID | BindParameter[UUID] | InstrumentedAttribute[Any]


def _blocks(blocker: Person, other: Person) -> ColumnElement[bool]:
    rows = select(Barrier.viewer_id).where(Barrier.viewer_id == blocker, Barrier.other_id == other)
    return rows.where(Barrier.kind == "block").exists()


def _forget(session: AsyncSession) -> None:
    session.info.pop(KNOWN, None)
    session.info.pop(ANY, None)


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
    _forget(session)


async def take_down(session: AsyncSession, viewer_id: UUID, other_id: UUID, kind: str) -> None:
    """Take back a block or a mute; that they followed each other before does not come back with it."""
    await session.execute(delete(Barrier).filter_by(viewer_id=viewer_id, other_id=other_id, kind=kind))
    _forget(session)


async def barriers_of(session: AsyncSession, viewer_id: UUID, limit: int) -> list[tuple[UUID, str]]:
    """Whom a viewer has blocked or muted, the latest first, and which of the two."""
    query = select(Barrier.other_id, Barrier.kind).filter_by(viewer_id=viewer_id)
    rows = await session.execute(query.order_by(Barrier.created_at.desc(), Barrier.other_id).limit(limit))
    return [(row.other_id, row.kind) for row in rows]
