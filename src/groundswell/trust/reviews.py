"""What waits for people of staff: one review a thing, however many report it, with a clock, somebody who has it in
hand, one decision, and the way back from that.

Nothing is decided by how many report it: two hundred accounts that report one moment make one review, no earlier than
one account would.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import case, func, literal, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import Conflict, NotFound, Problem
from groundswell.platform.signals import send

from . import decisions
from .grounds import LANES, Lane
from .signals import HeldReleased
from .tables import Decision, Report, Review

CLOCKS: dict[Lane, timedelta] = {
    "severe": timedelta(hours=1),
    "law": timedelta(hours=24),
    "held": timedelta(hours=12),
    "community": timedelta(hours=48),
}
"""Within which time a decision is due. The hour is that of Regulation (EU) 2021/784, Article 3."""

IN_HAND = timedelta(minutes=30)
"""How long what somebody has taken in hand is theirs."""

Verb = Literal["keep", "hide", "hold", "collapse", "demote", "withhold"]


class ReviewUnknown(NotFound):
    code, title = "review_unknown", "There is no such review."


class ReviewDecided(Conflict):
    code, title = "review_decided", "Somebody has decided this already."


class ReviewInHand(Conflict):
    code, title = "review_in_hand", "Somebody else has this in hand."


class NothingToUndo(Conflict):
    code, title = "nothing_to_undo", "This is not decided, or it was undone."


@dataclass(frozen=True)
class ReviewOutcome:
    """What became of one of several reviews: its decision, or why not."""

    review_id: UUID
    decision: Decision | None = None
    problem: Problem | None = None


async def open_review(session: AsyncSession, kind: str, subject_id: UUID, lane: Lane, reason_code: str) -> UUID:
    """The open review of a thing, opened when there is none. What is more urgent makes it more urgent."""
    now = utc_now()
    row = {
        "id": uuid7(),
        "subject_kind": kind,
        "subject_id": subject_id,
        "lane": lane,
        "reason_code": reason_code,
        "opened_at": now,
        "due_at": now + CLOCKS[lane],
    }
    made = insert(Review).values(row)
    sooner = _rank(made.excluded.lane) < _rank(Review.lane)
    made = made.on_conflict_do_update(
        index_elements=["subject_kind", "subject_id"],
        index_where=text("closed_at IS NULL"),
        set_={
            "lane": case((sooner, made.excluded.lane), else_=Review.lane),
            "reason_code": case((sooner, made.excluded.reason_code), else_=Review.reason_code),
            "due_at": func.least(Review.due_at, made.excluded.due_at),
        },
    )
    id: UUID = (await session.scalars(made.returning(Review.id))).one()
    return id


def _rank(lane: Any) -> Any:
    return case({each: n for n, each in enumerate(LANES)}, value=lane, else_=literal(len(LANES)))


async def find_review(session: AsyncSession, review_id: UUID, *, severe: bool, held: bool = False) -> Review:
    """A review; ``held`` so that nobody else decides it until the transaction ends.

    Args:
        severe: whoever asks has the power to see severe ones.

    Raises:
        ReviewUnknown: there is none for whoever asks.
    """
    found = await session.get(Review, review_id, with_for_update=held or None, populate_existing=held)
    if found is None or (found.lane == "severe" and not severe):
        raise ReviewUnknown()
    return found


async def queue(
    session: AsyncSession,
    limit: int,
    after: UUID | None,
    *,
    severe: bool,
    lane: str | None = None,
    kind: str | None = None,
    assigned_to: str | None = None,
    closed: bool = False,
) -> Sequence[Review]:
    """Open reviews, those that are due first before others; or closed ones, the newest first.

    Args:
        after: the last one of the page before.
    """
    query = select(Review).where(Review.closed_at.is_not(None) if closed else Review.closed_at.is_(None))
    query = query if severe else query.where(Review.lane != "severe")
    query = query if lane is None else query.filter_by(lane=lane)
    query = query if kind is None else query.filter_by(subject_kind=kind)
    query = query if assigned_to is None else query.filter_by(assigned_to=assigned_to)
    last = None if after is None else await session.get(Review, after)
    if closed:
        query = query if last is None else query.where(Review.id < last.id)
        return (await session.scalars(query.order_by(Review.id.desc()).limit(limit))).all()
    if last is not None:
        later = or_(Review.due_at > last.due_at, (Review.due_at == last.due_at) & (Review.id > last.id))
        query = query.where(later)
    return (await session.scalars(query.order_by(Review.due_at, Review.id).limit(limit))).all()


async def assign(session: AsyncSession, review: Review, to: str | None, by: str) -> Review:
    """Take a review in hand, hand it to somebody, or (None) give it back.

    Raises:
        ReviewDecided: see there. ReviewInHand: somebody else has taken it within half an hour.
    """
    _refuse_other_hand(review, by)
    review.assigned_to, review.assigned_at = to, None if to is None else utc_now()
    await session.flush()
    return review


def _refuse_other_hand(review: Review, by: str) -> None:
    if review.closed_at is not None:
        raise ReviewDecided(decision=None if review.decision_id is None else str(review.decision_id))
    mine = review.assigned_to in {None, by}
    if not mine and review.assigned_at is not None and review.assigned_at > utc_now() - IN_HAND:
        raise ReviewInHand()


async def settle(
    session: AsyncSession, review: Review, *, action: Verb, reason_code: str, explanation: str, by: str
) -> Decision:
    """Decide a review that is held (``find_review``): one decision, which closes it and every report in it. ``keep``
    lets it stand as it is, and what was held is shown.

    Raises:
        ReviewDecided, ReviewInHand, AlreadyRestricted: as they say.
    """
    _refuse_other_hand(review, by)
    decision = await decisions.decide(
        session,
        kind=review.subject_kind,
        subject_id=review.subject_id,
        action=action,
        reason_code=reason_code,
        explanation=explanation,
        decided_by=by,
        evidence={"review": str(review.id), **await _reported(session, review)},
    )
    await send(session, HeldReleased(review.subject_kind, review.subject_id))
    await session.refresh(review)
    return decision


async def _reported(session: AsyncSession, review: Review) -> dict[str, Any]:
    """How many said what, without who and in which words: those are read from the reports while they are there."""
    told = select(Report.reason_code, func.count()).where(Report.review_id == review.id, Report.closed_at.is_(None))
    rows = (await session.execute(told.group_by(Report.reason_code).order_by(Report.reason_code))).all()
    return {"reports": {code: count for code, count in rows}} if rows else {}  # noqa: C416 - rows are no pairs


async def settle_many(
    session: AsyncSession,
    ids: Sequence[UUID],
    *,
    severe: bool,
    action: Verb,
    reason_code: str,
    explanation: str,
    by: str,
) -> list[ReviewOutcome]:
    """Decide several alike, each for itself: one that cannot be decided keeps no other from it."""
    found = []
    for id in sorted(set(ids)):  # in one order, so that two who do this at once wait for each other and not both
        try:
            async with session.begin_nested():
                review = await find_review(session, id, severe=severe, held=True)
                decision = await settle(
                    session, review, action=action, reason_code=reason_code, explanation=explanation, by=by
                )
            found.append(ReviewOutcome(id, decision))
        except Problem as problem:
            found.append(ReviewOutcome(id, problem=problem))
    return found


async def undo(session: AsyncSession, review: Review, by: str) -> Review:
    """Take a decision back: the restriction is lifted, and the review and its reports are open again.

    Raises:
        NothingToUndo: see there. ReviewDecided: another review of the same thing is open: go on there.
    """
    if review.closed_at is None or review.decision_id is None:
        raise NothingToUndo()
    decision = await session.get_one(Decision, review.decision_id)
    if decision.lifted_at is not None:
        raise NothingToUndo()
    same = select(Review.id).filter_by(subject_kind=review.subject_kind, subject_id=review.subject_id)
    if await session.scalar(same.where(Review.closed_at.is_(None))) is not None:
        raise ReviewDecided("Another review of the same is open: go on there.")
    if decision.action == "keep":
        decision.lifted_at, decision.lifted_by = utc_now(), by
    else:
        await decisions.lift(session, decision.id, by)
    await reopen(session, review)
    return review


async def reopen(session: AsyncSession, review: Review) -> None:
    """Open a review once more, with the reports that its decision closed."""
    closed = update(Report).where(Report.decision_id == review.decision_id, Report.review_id == review.id)
    await session.execute(closed.values(closed_at=None, closed_by=None, decision_id=None, answered_at=None))
    review.closed_at = review.closed_by = review.decision_id = None
    review.assigned_to = review.assigned_at = None
    await session.flush()


async def withdraw(session: AsyncSession, kind: str, subject_id: UUID, by: str) -> None:
    """Close a review of what was only held, for it waits no longer: it was let through by whoever may, or is gone. What
    people reported stays open."""
    reported = select(Report.id).where(Report.review_id == Review.id, Report.closed_at.is_(None)).exists()
    held = update(Review).filter_by(subject_kind=kind, subject_id=subject_id, closed_at=None).where(~reported)
    await session.execute(held.values(closed_at=utc_now(), closed_by=by))


async def of_decision(session: AsyncSession, decision_id: UUID) -> Review | None:
    """The review that a decision closed."""
    found: Review | None = await session.scalar(select(Review).filter_by(decision_id=decision_id).limit(1))
    return found


async def told_in(session: AsyncSession, review_ids: Sequence[UUID], most: int = 50) -> dict[UUID, list[Report]]:
    """The reports of some reviews, newest first, ``most`` of each."""
    place = func.row_number().over(partition_by=Report.review_id, order_by=Report.id.desc())
    ranked = select(Report.id, place.label("place")).where(among(Report.review_id, review_ids)).subquery()
    query = select(Report).join(ranked, ranked.c.id == Report.id).where(ranked.c.place <= most)
    found: dict[UUID, list[Report]] = {}
    for report in await session.scalars(query.order_by(Report.id.desc())):
        found.setdefault(report.review_id, []).append(report)  # type: ignore[arg-type]
    return found


async def sizes(session: AsyncSession, review_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many reports each review has."""
    query = select(Report.review_id, func.count()).where(among(Report.review_id, review_ids))
    rows = await session.execute(query.group_by(Report.review_id))
    return {id: count for id, count in rows if id is not None}


async def counts(session: AsyncSession, *, severe: bool) -> dict[str, int]:
    """How many wait in each lane, and how many of all are ``late``."""
    late = func.count().filter(Review.due_at < utc_now())
    query = select(Review.lane, func.count(), late).where(Review.closed_at.is_(None)).group_by(Review.lane)
    rows = [row for row in (await session.execute(query)).all() if severe or row[0] != "severe"]
    return {lane: count for lane, count, _ in rows} | {"late": sum(row[2] for row in rows)}
