"""Recorded restrictions: made, looked up, lifted. Never deleted."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import NotFound, Problem
from groundswell.platform.signals import send

from .signals import Lifted, Restricted
from .tables import Decision, Report

STOPS_SHOWING = ("hide", "hold")
APPEAL = "Write to the service's support within six months and quote the id of this decision."


REPORTED_AS: dict[str, InstrumentedAttribute[Any]] = {"moment": Report.moment_id, "comment": Report.comment_id}
"""What people report, and the column that names it."""


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
) -> Decision:
    """Restrict something, and tell the features above (``Restricted``). Closes open reports about it.

    Args:
        explanation: why, in words that whoever meets the restriction will read.
        decided_by: ``viewer:<id>`` of the member of staff, or ``rule`` when ``rule`` decided by itself.

    Raises:
        AlreadyRestricted: with the id of the decision that stands.
    """
    live = Decision.lifted_at.is_(None)
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
        "appeal": appeal,
    }
    one_live = ["subject_kind", "subject_id", "action"]
    made = insert(Decision).values(row).on_conflict_do_nothing(index_elements=one_live, index_where=live)
    decision = (await session.scalars(made.returning(Decision))).one_or_none()
    if decision is None:
        standing = select(Decision.id).where(live).filter_by(subject_kind=kind, subject_id=subject_id, action=action)
        raise AlreadyRestricted(decision=str(await session.scalar(standing)))
    if kind in REPORTED_AS:
        await _close_reports(session, decision)
    await send(session, Restricted(decision))
    return decision


async def _close_reports(session: AsyncSession, decision: Decision) -> None:
    named = REPORTED_AS[decision.subject_kind] == decision.subject_id
    about = update(Report).where(named, Report.closed_at.is_(None))
    values = {"closed_at": utc_now(), "closed_by": decision.decided_by, "decision_id": decision.id}
    await session.execute(about.values(**values))


async def lift(session: AsyncSession, decision_id: UUID, lifted_by: str) -> Decision:
    """Lift a restriction, and tell the features above (``Lifted``). Lifting twice is lifting once.

    Raises:
        NotFound: no such decision.
    """
    decision = await session.get(Decision, decision_id, with_for_update=True)
    if decision is None:
        raise NotFound("There is no such decision.")
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


async def newest(session: AsyncSession, limit: int, after: UUID | None = None) -> Sequence[Decision]:
    """Decisions, newest first; ``after`` is the last one of the page before."""
    query = select(Decision).order_by(Decision.id.desc()).limit(limit)
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
