"""Which comments whoever looks sees, and how: late for those who have not got there."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, Uuid, and_, any_, bindparam, func, or_, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from groundswell.accounts.access import Caller
from groundswell.catalog.spoilers import ViewerProgress, spoils
from groundswell.catalog.tables import Title
from groundswell.trust.decisions import STOPS_SHOWING
from groundswell.trust.tables import Decision

from .comment_tables import Comment
from .comments import CommentUnknown
from .separation import apart_from, is_apart

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


class ReaderShape(NamedTuple):
    """Who reads, as far as statements differ by it: one who keeps the moment, is signed in (``known``), is kept apart
    from anybody."""

    keeper: bool
    known: bool
    apart: bool


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
    shape, given = await _given(session, reader)
    asked = given | {"moment": moment_id, "limit": limit, "after": after}
    begun = after is not None
    pinned = [] if begun else list(await session.scalars(_firsts(shape, True, False), asked))
    rows = list(await session.scalars(_firsts(shape, False, begun), asked))
    return await _with_answers(session, title, reader, [*pinned, *rows])


async def answers_to(
    session: AsyncSession, comment: Comment, title: Title, reader: CommentReader, after: UUID | None, limit: int
) -> list[ListedComment]:
    """The answers to a comment, oldest first."""
    shape, given = await _given(session, reader)
    query = select(Comment).where(*_there(shape), Comment.parent_id == comment.id)
    query = query if after is None else query.where(Comment.id > after)
    rows = await session.scalars(query.order_by(Comment.id).limit(limit), given)
    return [_listed(each, title, reader) for each in rows]


async def visible_one(session: AsyncSession, comment: Comment, reader: CommentReader) -> Comment:
    """``comment``, when whoever reads may see it.

    Raises:
        CommentUnknown: they may not.
    """
    shape, given = await _given(session, reader)
    there = await session.scalar(select(Comment).where(*_there(shape), Comment.id == comment.id), given)
    if there is None:
        raise CommentUnknown()
    return there


async def count_of(session: AsyncSession, moment_id: UUID, reader: CommentReader) -> int:
    """How many comments below a moment whoever reads may see, answers too."""
    shape, given = await _given(session, reader)
    return await session.scalar(_count(shape), given | {"moment": moment_id}) or 0


async def held_below(session: AsyncSession, moment_id: UUID | None, limit: int, after: UUID | None) -> list[Comment]:
    """Comments that wait to be looked at, oldest first: below one moment, or (None) anywhere."""
    query = select(Comment).where(Comment.held_for.is_not(None), Comment.deleted_at.is_(None))
    query = query if moment_id is None else query.filter_by(moment_id=moment_id)
    query = query if after is None else query.where(Comment.id > after)
    return list(await session.scalars(query.order_by(Comment.id).limit(limit)))


async def visible_to(session: AsyncSession, reader: CommentReader) -> Select[Comment]:
    """A query for comments that are there for whoever reads."""
    shape, given = await _given(session, reader)
    return select(Comment).where(*_there(shape)).params(given)


async def _given(session: AsyncSession, reader: CommentReader) -> tuple[ReaderShape, dict[str, Any]]:
    """Who reads, as the shape of this module's statements and their parameters."""
    me = reader.caller.id if reader.caller else None
    return ReaderShape(reader.keeper, me is not None, await is_apart(session, me)), {"me": me}


@cache
def _there(shape: ReaderShape) -> tuple[ColumnElement[bool], ...]:
    """Whether a comment is there for who reads. A deleted one stands while it has
    answers. What a decision about it or its writer keeps back, its writer alone sees."""
    mine = Comment.viewer_id == bindparam("me", type_=Uuid)
    below = Comment.__table__.alias("below")
    answered = select(below.c.id).where(below.c.parent_id == Comment.id, below.c.deleted_at.is_(None)).exists()
    stands = or_(Comment.deleted_at.is_(None), and_(Comment.parent_id.is_(None), answered))
    let_stand: ColumnElement[bool] = and_(~_hidden("comment", Comment.id), ~_hidden("viewer", Comment.viewer_id))
    others = ~apart_from(bindparam("me", type_=Uuid), Comment.viewer_id) if shape.apart else true()
    if shape.known:
        let_stand = or_(let_stand, mine)
    if shape.keeper:
        return stands, let_stand, others
    shown: ColumnElement[bool] = Comment.held_for.is_(None)
    return stands, or_(shown, mine) if shape.known else shown, let_stand, others


@cache
def _firsts(shape: ReaderShape, pinned: bool, begun: bool) -> Select[Comment]:
    """What answers nothing below ``moment``: the pinned one; or the others, the newest first, from ``after`` on."""
    query = select(Comment).where(*_there(shape), Comment.moment_id == bindparam("moment", type_=Uuid))
    query = query.where(Comment.parent_id.is_(None))
    if pinned:
        return query.where(Comment.pinned_at.is_not(None))
    query = (
        query.where(Comment.pinned_at.is_(None)).order_by(Comment.id.desc()).limit(bindparam("limit", type_=Integer))
    )
    return query.where(Comment.id < bindparam("after", type_=Uuid)) if begun else query


@cache
def _count(shape: ReaderShape) -> Select[int]:
    query = select(func.count()).select_from(Comment).where(*_there(shape))
    return query.where(Comment.moment_id == bindparam("moment", type_=Uuid), Comment.deleted_at.is_(None))


@cache
def _first_answers(shape: ReaderShape) -> Select[Comment, int]:
    """The first answers to each of ``parents``, and how many there are."""
    place = func.row_number().over(partition_by=Comment.parent_id, order_by=Comment.id)
    whole = func.count().over(partition_by=Comment.parent_id)
    ranked = select(Comment.id, place.label("place"), whole.label("whole")).where(*_there(shape))
    ranked = ranked.where(Comment.parent_id == any_(bindparam("parents", type_=ARRAY(Uuid))))
    each = ranked.subquery()
    first = select(Comment, each.c.whole).join(each, each.c.id == Comment.id)
    return first.where(each.c.place <= ANSWERS_SHOWN).order_by(Comment.id)


def _hidden(kind: str, of: InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
    live = select(Decision.id).where(Decision.subject_kind == kind, Decision.subject_id == of)
    return live.where(Decision.action.in_(STOPS_SHOWING), Decision.lifted_at.is_(None)).exists()


async def _with_answers(
    session: AsyncSession, title: Title, reader: CommentReader, firsts: list[Comment]
) -> list[ListedComment]:
    shape, given = await _given(session, reader)
    asked = given | {"parents": [comment.id for comment in firsts]}
    rows = (await session.execute(_first_answers(shape), asked)).all()
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
