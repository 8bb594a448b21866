"""Which comments whoever looks sees, and how: late for those who have not got there."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from groundswell.accounts.access import Caller
from groundswell.accounts.providers import separation_of
from groundswell.catalog.spoilers import ViewerProgress, spoils
from groundswell.catalog.tables import Title
from groundswell.platform.database import among
from groundswell.trust.decisions import STOPS_SHOWING
from groundswell.trust.tables import Decision

from .comment_tables import Comment
from .comments import CommentUnknown

ANSWERS_SHOWN = 3
"""Answers that come with what they answer; the others are asked for."""


@dataclass(frozen=True)
class CommentReader:
    """Who reads: how far they have got, and whether they look after the moment (its maker, or staff)."""

    caller: Caller | None
    seen: ViewerProgress
    keeper: bool


@dataclass(frozen=True)
class ListedComment:
    """A comment in a list: whether it is veiled for who reads, and its first answers, of so many."""

    comment: Comment
    veiled: bool
    answers: "Sequence[ListedComment]" = field(default_factory=list)
    answer_count: int = 0


def is_late(seen: ViewerProgress, title: Title, at_us: int, *, marked: bool) -> bool:
    """Whether what is said about the second ``at_us`` comes too early for somebody.

    Who is in the middle of the title and has not got there is spared it, whatever it is. For everybody else it is as
    late as a moment that begins there would be (``spoils``).
    """
    reached = seen.positions.get(title.id)
    if reached is not None and reached < at_us:
        return True
    return spoils(seen, title, at_us, marked=marked)


async def page_of(
    session: AsyncSession, moment_id: UUID, title: Title, reader: CommentReader, after: UUID | None, limit: int
) -> list[ListedComment]:
    """The newest comments below a moment, the pinned one first of all, each with its first answers."""
    query = await visible_to(session, reader)
    firsts = query.where(Comment.moment_id == moment_id, Comment.parent_id.is_(None))
    pinned = [] if after else list(await session.scalars(firsts.where(Comment.pinned_at.is_not(None))))
    others = firsts.where(Comment.pinned_at.is_(None)).order_by(Comment.id.desc()).limit(limit)
    rows = list(await session.scalars(others if after is None else others.where(Comment.id < after)))
    return await _with_answers(session, title, reader, [*pinned, *rows])


async def answers_to(
    session: AsyncSession, comment: Comment, title: Title, reader: CommentReader, after: UUID | None, limit: int
) -> list[ListedComment]:
    """The answers to a comment, oldest first."""
    query = (await visible_to(session, reader)).where(Comment.parent_id == comment.id)
    query = query if after is None else query.where(Comment.id > after)
    rows = await session.scalars(query.order_by(Comment.id).limit(limit))
    return [_listed(each, title, reader) for each in rows]


async def visible_one(session: AsyncSession, comment: Comment, reader: CommentReader) -> Comment:
    """``comment``, when whoever reads may see it.

    Raises:
        CommentUnknown: they may not.
    """
    there = await session.scalar((await visible_to(session, reader)).where(Comment.id == comment.id))
    if there is None:
        raise CommentUnknown()
    return there


async def count_of(session: AsyncSession, moment_id: UUID, reader: CommentReader) -> int:
    """How many comments below a moment whoever reads may see, answers too."""
    query = (await visible_to(session, reader)).where(Comment.moment_id == moment_id, Comment.deleted_at.is_(None))
    return await session.scalar(select(func.count()).select_from(query.subquery())) or 0


async def held_below(session: AsyncSession, moment_id: UUID | None, limit: int, after: UUID | None) -> list[Comment]:
    """Comments that wait to be looked at, oldest first: below one moment, or (None) anywhere."""
    query = select(Comment).where(Comment.held_for.is_not(None), Comment.deleted_at.is_(None))
    query = query if moment_id is None else query.filter_by(moment_id=moment_id)
    query = query if after is None else query.where(Comment.id > after)
    return list(await session.scalars(query.order_by(Comment.id).limit(limit)))


async def visible_to(session: AsyncSession, reader: CommentReader) -> Select[Comment]:
    """A query for comments that are there for whoever reads. A deleted one stands while it has answers. What a decision
    about it or its writer keeps back, its writer alone sees."""
    me = reader.caller.id if reader.caller else None
    apart = (await separation_of(session, me)).unlisted
    below = Comment.__table__.alias("below")
    answered = select(below.c.id).where(below.c.parent_id == Comment.id, below.c.deleted_at.is_(None)).exists()
    shown: ColumnElement[bool] = Comment.held_for.is_(None)
    if reader.keeper:
        shown = shown | Comment.held_for.is_not(None)
    elif me is not None:
        shown = or_(shown, Comment.viewer_id == me)
    there = or_(Comment.deleted_at.is_(None), and_(Comment.parent_id.is_(None), answered))
    let_stand: ColumnElement[bool] = and_(~_hidden("comment", Comment.id), ~_hidden("viewer", Comment.viewer_id))
    if me is not None:
        let_stand = or_(let_stand, Comment.viewer_id == me)
    return select(Comment).where(there, shown, let_stand, ~among(Comment.viewer_id, apart))


def _hidden(kind: str, of: InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
    live = select(Decision.id).where(Decision.subject_kind == kind, Decision.subject_id == of)
    return live.where(Decision.action.in_(STOPS_SHOWING), Decision.lifted_at.is_(None)).exists()


async def _with_answers(
    session: AsyncSession, title: Title, reader: CommentReader, firsts: list[Comment]
) -> list[ListedComment]:
    ids = [comment.id for comment in firsts]
    query = (await visible_to(session, reader)).where(among(Comment.parent_id, ids)).subquery()
    place = func.row_number().over(partition_by=query.c.parent_id, order_by=query.c.id)
    whole = func.count().over(partition_by=query.c.parent_id)
    ranked = select(query.c.id, place.label("place"), whole.label("whole")).subquery()
    first = select(Comment, ranked.c.whole).join(ranked, ranked.c.id == Comment.id)
    rows = (await session.execute(first.where(ranked.c.place <= ANSWERS_SHOWN).order_by(Comment.id))).all()
    below: dict[UUID, list[ListedComment]] = {}
    counts: dict[UUID, int] = {}
    for comment, count in rows:
        parent = comment.parent_id
        assert parent is not None  # they are answers
        counts[parent] = count
        below.setdefault(parent, []).append(_listed(comment, title, reader))
    return [
        ListedComment(each, _veiled(each, title, reader), below.get(each.id, []), counts.get(each.id, 0))
        for each in firsts
    ]


def _listed(comment: Comment, title: Title, reader: CommentReader) -> ListedComment:
    return ListedComment(comment, _veiled(comment, title, reader))


def _veiled(comment: Comment, title: Title, reader: CommentReader) -> bool:
    if reader.caller is not None and comment.viewer_id == reader.caller.id:
        return False
    return is_late(reader.seen, title, comment.at_us, marked=comment.spoiler)
