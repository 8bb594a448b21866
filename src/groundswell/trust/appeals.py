"""Contesting a decision: once, within six months, by whom it meets; decided by somebody else than who took it.

The internal complaint-handling of DSA Art. 20: open for six months, free, and never decided by automated means alone.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import exists, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.actors import actor_of
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import Conflict, NotFound, Problem
from groundswell.platform.signals import send

from . import reviews
from .business_days import months_after
from .decisions import decide, lift
from .grounds import SEVERE
from .signals import AppealDecided, AppealMade
from .tables import RESTRICTIONS, Appeal, Decision, Report

OPEN_MONTHS = 6
"""For which a decision can be contested (DSA Art. 20(1))."""

DUE_IN = timedelta(days=7)

Outcome = Literal["confirmed", "reversed"]


class DecisionUnknown(NotFound):
    code, title = "decision_unknown", "There is no such decision about you."


class AppealUnknown(NotFound):
    code, title = "appeal_unknown", "There is no such appeal."


class AppealOfAppeal(Conflict):
    code, title = "appeal_of_appeal", "What was decided on an appeal is not open to another one."


class AppealMadeAlready(Conflict):
    code, title = "appeal_made_already", "This decision is contested already."


class AppealTooLate(Conflict):
    code, title = "appeal_too_late", "A decision can be contested for six months."


class NothingToAppeal(Conflict):
    code, title = "nothing_to_appeal", "This decision has been lifted."


class AppealDecidedAlready(Conflict):
    code, title = "appeal_decided", "This appeal is decided."


class SameDecider(Problem):
    status, code, title = 403, "same_decider", "Somebody else than who took the decision decides on its appeal."


def open_until(decision: Decision) -> datetime:
    """Until when a decision can be contested."""
    return months_after(decision.created_at, OPEN_MONTHS)


def refusal_to_appeal(decision: Decision, appeal: Appeal | None, now: datetime) -> Problem | None:
    """Why a decision cannot be contested at ``now``; None when it can."""
    if decision.action not in (*RESTRICTIONS, "keep") or decision.source == "appeal":
        return AppealOfAppeal()
    if appeal is not None:
        return AppealMadeAlready() if appeal.outcome is None else AppealOfAppeal()
    if decision.lifted_at is not None:
        return NothingToAppeal()
    if now >= open_until(decision):
        return AppealTooLate()
    return None


async def decision_for(session: AsyncSession, viewer_id: UUID, decision_id: UUID, *, held: bool = False) -> Decision:
    """A decision that meets a viewer, or (``keep``) answered a report of theirs.

    Raises:
        DecisionUnknown: it is neither.
    """
    found = await session.get(Decision, decision_id, with_for_update=held or None)
    if found is None or not (
        (found.person_id == viewer_id and found.action != "keep")
        or (found.action == "keep" and await _told(session, viewer_id, decision_id))
    ):
        raise DecisionUnknown()
    return found


async def _told(session: AsyncSession, viewer_id: UUID, decision_id: UUID) -> bool:
    theirs = select(Report.id).filter_by(decision_id=decision_id, reporter=actor_of(viewer_id)).limit(1)
    return await session.scalar(theirs) is not None


async def appeal(session: AsyncSession, viewer_id: UUID, decision_id: UUID, words: str) -> Appeal:
    """Contest a decision.

    Raises:
        DecisionUnknown, AppealOfAppeal, AppealMadeAlready, NothingToAppeal, AppealTooLate: as they say.
    """
    decision = await decision_for(session, viewer_id, decision_id, held=True)
    now = utc_now()
    refusal = refusal_to_appeal(decision, await of_decision(session, decision.id), now)
    if refusal is not None:
        raise refusal
    row = {"id": uuid7(), "decision_id": decision.id, "appellant_id": viewer_id, "text": words, "due_at": now + DUE_IN}
    made = (await session.scalars(insert(Appeal).values(row).returning(Appeal))).one()
    await send(session, AppealMade(made, decision))
    return made


async def of_decision(session: AsyncSession, decision_id: UUID) -> Appeal | None:
    """The appeal against a decision."""
    return (await of_decisions(session, [decision_id])).get(decision_id)


async def of_decisions(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Appeal]:
    """The appeals against some decisions, by those."""
    rows = await session.scalars(select(Appeal).where(among(Appeal.decision_id, ids)))
    return {row.decision_id: row for row in rows}


async def find_appeal(
    session: AsyncSession, appeal_id: UUID, *, severe: bool, held: bool = False
) -> tuple[Appeal, Decision]:
    """An appeal and the decision that it contests; ``held`` so that nobody else decides it meanwhile.

    Raises:
        AppealUnknown: there is none for whoever asks.
    """
    found = await session.get(Appeal, appeal_id, with_for_update=held or None, populate_existing=held)
    if found is None:
        raise AppealUnknown()
    decision = await session.get_one(Decision, found.decision_id)
    if decision.reason_code in SEVERE and not severe:
        raise AppealUnknown()
    return found, decision


async def queue(
    session: AsyncSession, limit: int, after: UUID | None, *, severe: bool, decided: bool = False
) -> list[tuple[Appeal, Decision]]:
    """Appeals with the decisions that they contest: open ones, oldest first, or decided ones, newest first."""
    query = select(Appeal, Decision).join(Decision, Decision.id == Appeal.decision_id).limit(limit)
    query = query if severe else query.where(Decision.reason_code.not_in(SEVERE))
    if decided:
        query = query.where(Appeal.decided_at.is_not(None)).order_by(Appeal.id.desc())
        query = query if after is None else query.where(Appeal.id < after)
    else:
        query = query.where(Appeal.decided_at.is_(None)).order_by(Appeal.id)
        query = query if after is None else query.where(Appeal.id > after)
    return [(appeal, decision) for appeal, decision in await session.execute(query)]


def refuse_same_decider(decision: Decision, appeal: Appeal, by: str) -> None:
    """Return when ``by`` may decide.

    Raises:
        SameDecider: they took the decision, or contest it themselves.
    """
    if by in {decision.decided_by, actor_of(appeal.appellant_id)} or (
        decision.person_id is not None and by == actor_of(decision.person_id)
    ):
        raise SameDecider()


async def judge(
    session: AsyncSession, appeal_id: UUID, outcome: Outcome, words: str, by: str, *, severe: bool
) -> Appeal:
    """Decide an appeal: the decision stands (``confirmed``), or is taken back (``reversed``): a restriction is lifted,
    and what was let stand is reviewed once more.

    Raises:
        AppealUnknown, AppealDecidedAlready, SameDecider: as they say.
    """
    made, decision = await find_appeal(session, appeal_id, severe=severe, held=True)
    if made.outcome is not None:
        raise AppealDecidedAlready()
    refuse_same_decider(decision, made, by)
    verdict = await decide(
        session,
        kind=decision.subject_kind,
        subject_id=decision.subject_id,
        action="confirm" if outcome == "confirmed" else "reverse",
        reason_code=decision.reason_code,
        explanation=words,
        decided_by=by,
        source="appeal",
        about_id=decision.id,
        evidence={"appeal": str(made.id)},
    )
    made.verdict_id, made.outcome, made.decided_at, made.decided_by = verdict.id, outcome, utc_now(), by
    if outcome == "reversed":
        await _take_back(session, decision, by)
    await session.flush()
    await send(session, AppealDecided(made, decision))
    return made


async def _take_back(session: AsyncSession, decision: Decision, by: str) -> None:
    if decision.action != "keep":
        await lift(session, decision.id, by)
        return
    decision.lifted_at, decision.lifted_by = utc_now(), by
    review = await reviews.of_decision(session, decision.id)
    lane = "law" if review is None else review.lane
    kind = decision.subject_kind
    await reviews.open_review(session, kind, decision.subject_id, lane, decision.reason_code)  # type: ignore[arg-type]


async def about_person(session: AsyncSession, viewer_id: UUID, limit: int, after: UUID | None) -> Sequence[Decision]:
    """What was decided about somebody and what is theirs, and on what they reported; newest first."""
    told = exists().where(Report.decision_id == Decision.id, Report.reporter == actor_of(viewer_id))
    met = (Decision.person_id == viewer_id) & (Decision.action != "keep")
    query = select(Decision).where(or_(met, (Decision.action == "keep") & told)).order_by(Decision.id.desc())
    query = query if after is None else query.where(Decision.id < after)
    return (await session.scalars(query.limit(limit))).all()
