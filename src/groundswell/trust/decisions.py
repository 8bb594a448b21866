"""Recorded decisions: restrictions and verdicts, made, looked up, lifted. Never deleted.

What happens beside one is done here, for whoever decides: whom it meets and what they had said is kept with it, what is
severe is preserved, the open reports and the open review of the same thing are closed by it.
"""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, exists, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import Conflict, NotFound, Problem
from groundswell.platform.signals import send

from . import preservation
from .grounds import SEVERE
from .signals import Lifted, ReportsAnswered, Restricted
from .subjects import content_of, person_of
from .tables import RESTRICTIONS, VERDICTS, Decision, Report, Review

STOPS_SHOWING = ("hide", "hold")
APPEAL = "Contest it within six months on your page of decisions; somebody else decides. It costs nothing."

Source = Literal["notice", "report", "own", "rule", "appeal", "order"]

REPORTED_AS: dict[str, InstrumentedAttribute[Any]] = {
    "moment": Report.moment_id,
    "comment": Report.comment_id,
    "collection": Report.collection_id,
    "viewer": Report.person_id,
}
"""What people report, and the column that names it."""

SETTLING = (*RESTRICTIONS, "keep")
"""Decisions by which what people reported about the thing is answered."""

_LIVE = text(f"lifted_at IS NULL AND action IN ({', '.join(repr(each) for each in RESTRICTIONS)})")


class VerdictStands(Conflict):
    code, title = "verdict_stands", "This decision restricts nothing that could be lifted."


class AlreadyRestricted(Problem):
    status, code, title = 409, "already_restricted", "The same restriction is in force already."


async def decide(
    session: AsyncSession,
    *,
    kind: str,
    subject_id: UUID,
    action: str,
    reason_code: str,
    explanation: str,
    decided_by: str,
    rule: str | None = None,
    evidence: dict[str, Any] | None = None,
    appeal: str = APPEAL,
    source: Source | None = None,
    about_id: UUID | None = None,
) -> Decision:
    """Restrict something, and tell the features above (``Restricted``); or record a verdict. Closes open reports about
    it, and its open review.

    Args:
        explanation: why, in words that whoever meets the restriction will read.
        decided_by: ``viewer:<id>`` of the member of staff, or ``rule`` when ``rule`` decided by itself.
        source: what led to it; by default a rule, the open notices or reports about it, or own looking.
        about_id: the decision that a verdict is about.

    Raises:
        AlreadyRestricted: with the id of the decision that stands.
    """
    severe = reason_code in SEVERE
    row = {
        "id": uuid7(),
        "subject_kind": kind,
        "subject_id": subject_id,
        "action": action,
        "reason_code": reason_code,
        "explanation": explanation,
        "decided_by": decided_by,
        "rule": rule,
        "evidence": evidence,
        "seen": None if severe else await content_of(session, kind, subject_id),
        "appeal": appeal,
        "person_id": await person_of(session, kind, subject_id),
        "source": source or await _source(session, kind, subject_id, decided_by),
        "about_id": about_id,
    }
    made = insert(Decision).values(row)
    if action in RESTRICTIONS:
        one_live = ["subject_kind", "subject_id", "action"]
        made = made.on_conflict_do_nothing(index_elements=one_live, index_where=_LIVE)
    decision = (await session.scalars(made.returning(Decision))).one_or_none()
    if decision is None:
        standing = select(Decision.id).where(Decision.lifted_at.is_(None))
        standing = standing.filter_by(subject_kind=kind, subject_id=subject_id, action=action)
        raise AlreadyRestricted(decision=str(await session.scalar(standing)))
    if severe and action in RESTRICTIONS:
        await preservation.preserve(session, decision)
    if action in SETTLING:
        await _settle(session, decision)
    if action in RESTRICTIONS:
        await send(session, Restricted(decision))
    return decision


async def _source(session: AsyncSession, kind: str, subject_id: UUID, decided_by: str) -> Source:
    return await led_to(session, kind, subject_id) if decided_by.startswith("viewer:") else "rule"


async def led_to(session: AsyncSession, kind: str, subject_id: UUID) -> Source:
    """What leads people to decide about something now: open notices or reports about it, or their own looking."""
    if kind not in REPORTED_AS:
        return "own"
    told = select(Report.kind).where(_reported(kind, subject_id), Report.closed_at.is_(None)).order_by(Report.kind)
    found = await session.scalar(told.limit(1))  # "notice" sorts before "report"
    return "notice" if found == "notice" else "report" if found == "report" else "own"


def _reported(kind: str, subject_id: UUID) -> ColumnElement[bool]:
    """Reports about a thing itself: what is below a moment is another's."""
    named = REPORTED_AS[kind] == subject_id
    return and_(named, Report.comment_id.is_(None)) if kind == "moment" else named


async def _settle(session: AsyncSession, decision: Decision) -> None:
    """Close what waited for a decision about the same thing."""
    values = {"closed_at": utc_now(), "closed_by": decision.decided_by, "decision_id": decision.id}
    kind, id = decision.subject_kind, decision.subject_id
    if kind in REPORTED_AS:
        about = update(Report).where(_reported(kind, id), Report.closed_at.is_(None)).values(**values)
        closed = (await session.execute(about.returning(Report.id))).all()
        if closed:
            await send(session, ReportsAnswered(decision))
    waits = update(Review).filter_by(subject_kind=kind, subject_id=id).where(Review.closed_at.is_(None))
    await session.execute(waits.values(**values))


async def lift(session: AsyncSession, decision_id: UUID, lifted_by: str) -> Decision:
    """Lift a restriction, and tell the features above (``Lifted``). Lifting twice is lifting once.

    Raises:
        NotFound: no such decision.
        VerdictStands: it restricts nothing.
    """
    decision = await session.get(Decision, decision_id, with_for_update=True)
    if decision is None:
        raise NotFound("There is no such decision.")
    if decision.action in VERDICTS:
        raise VerdictStands()
    if decision.lifted_at is None:
        decision.lifted_at, decision.lifted_by = utc_now(), lifted_by
        await session.flush()
        await send(session, Lifted(decision))
    return decision


async def active(
    session: AsyncSession, kind: str, subject_id: UUID, actions: Sequence[str] = STOPS_SHOWING
) -> Decision | None:
    """The restriction in force on something, the sternest first; None when there is none.

    By default those that stop it being shown; a demotion, say, must be asked for by name.
    """
    return (await active_among(session, kind, [subject_id], actions)).get(subject_id)


async def active_among(
    session: AsyncSession, kind: str, subject_ids: Sequence[UUID], actions: Sequence[str] = STOPS_SHOWING
) -> dict[UUID, Decision]:
    """``active`` for many things of one kind at once."""
    sternness = case({action: n for n, action in enumerate(actions)}, value=Decision.action)
    query = (
        select(Decision)
        .where(among(Decision.subject_id, subject_ids), among(Decision.action, actions), Decision.lifted_at.is_(None))
        .filter_by(subject_kind=kind)
        .order_by(sternness.desc(), Decision.id.desc())
    )
    return {decision.subject_id: decision for decision in await session.scalars(query)}


def kept_from_all(kind: str, subject_id: InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
    """Whether a decision in force stops something from being shown."""
    in_force = Decision.action.in_(STOPS_SHOWING) & Decision.lifted_at.is_(None)
    return exists().where(Decision.subject_kind == kind, Decision.subject_id == subject_id, in_force)


async def newest(
    session: AsyncSession, limit: int, after: UUID | None = None, *, severe: bool = True
) -> Sequence[Decision]:
    """Decisions, newest first; ``after`` is the last one of the page before. Without ``severe``, for who has not the
    power for those."""
    query = select(Decision).order_by(Decision.id.desc()).limit(limit)
    query = query if severe else query.where(Decision.reason_code.not_in(SEVERE))
    return (await session.scalars(query if after is None else query.where(Decision.id < after))).all()


async def history_of(session: AsyncSession, kind: str, subject_id: UUID) -> Sequence[Decision]:
    """Every decision about something, newest first."""
    about = select(Decision).filter_by(subject_kind=kind, subject_id=subject_id).order_by(Decision.id.desc())
    return (await session.scalars(about)).all()


async def counts(session: AsyncSession) -> dict[str, int]:
    """How many decisions to hide something stand (``down``), and how many decisions have been lifted."""
    live = Decision.lifted_at.is_(None)
    down = select(func.count()).select_from(Decision).where(live, Decision.action == "hide")
    lifted = select(func.count()).select_from(Decision).where(~live)
    return {"down": await session.scalar(down) or 0, "lifted": await session.scalar(lifted) or 0}
