"""The fraud desk's cases: opened by rules with their evidence, decided by people, each step shown before it is done.

What a step would change is found by doing it in a savepoint, looking, and rolling back (``preview``): what is shown is
what would happen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import Conflict, NotFound
from groundswell.platform.signals import send

from .decisions import decide, lift
from .providers import Standing, standing_of
from .signals import CaseJudged
from .tables import Case, CaseItem, CaseStep

Action = Literal["reject", "accept", "hold", "ban", "notice", "uphold", "clear"]
ACTIONS: tuple[Action, ...] = get_args(Action)
OBJECTIONS_MOST = 5
SHOWN = 200
"""The most items of a case that are listed at once."""

RULES = {
    "self_referral": "Follows their own links",
    "rate": "Impossible rate",
    "ring": "Ring: two follow each other's links over and over",
    "shared_device": "Many accounts from one browser",
    "address_glut": "Too many browsers of one household",
    "network_glut": "Too many browsers of one network",
    "over_limits": "More plays or reactions than one address or network may bring",
    "too_soon": "Bought too soon after the click",
    "too_even": "Clicks flooded: bought too evenly after the click",
    "refused_plays": "Plays that were refused, over and over",
    "token_sharing": "One visit's token came with several people",
    "free_sales": "Sales that cost nothing",
    "refund_after_payout": "Refunded after it was paid out",
    "verdict_after_payout": "Judged no person's after it was paid out",
}
"""What opens cases, in words."""

DECIDES: dict[str, str] = {"hold": "withhold", "ban": "hide"}
"""Steps that are decisions about the subject."""


class CaseClosed(Conflict):
    code, title = "case_closed", "This case is closed; undo that first."


class StepUndone(Conflict):
    code, title = "step_undone", "This has been undone already."


class StepStays(Conflict):
    code, title = "step_stays", "What somebody was told, or said, cannot be undone."


class ObjectionsFull(Conflict):
    code, title = "objections_full", f"You can object {OBJECTIONS_MOST} times to what you were told of this case."


@dataclass(frozen=True)
class CaseEvidence:
    """One thing that a rule found: what it is, when it happened, and what is known of it."""

    id: UUID
    kind: Literal["event", "conversion", "adjustment", "refusal"]
    at: datetime
    reason: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CaseChange:
    """What a step would change: how the subject stands now, and how they would."""

    before: Standing
    after: Standing


async def suspect(session: AsyncSession, rule: str, subject_id: UUID, found: Sequence[CaseEvidence]) -> UUID:
    """Add what ``rule`` found about somebody to its open case, which is opened when there is none. Idempotent."""
    row = {"id": uuid7(), "rule": rule, "subject_id": subject_id}
    opened = (
        insert(Case)
        .values(row)
        .on_conflict_do_update(
            index_elements=["rule", "subject_id"], index_where=text("status = 'open'"), set_={"rule": rule}
        )
        .returning(Case.id)
    )
    id: UUID = (await session.scalars(opened)).one()  # locked, so that nobody closes it meanwhile
    items = [
        {"case_id": id, "item_id": f.id, "kind": f.kind, "at": f.at, "reason": f.reason, "facts": dict(f.facts)}
        for f in found
    ]
    if items:
        await session.execute(insert(CaseItem).on_conflict_do_nothing(), items)
    return id


async def in_cases(session: AsyncSession, rule: str, ids: Sequence[UUID]) -> set[UUID]:
    """Those of some things that a case of ``rule`` rests on, open or closed."""
    query = select(CaseItem.item_id).join(Case, Case.id == CaseItem.case_id).where(Case.rule == rule)
    return set(await session.scalars(query.where(among(CaseItem.item_id, ids))))


async def with_fact(session: AsyncSession, case_id: UUID, name: str, value: str) -> int:
    """How many things of a case have a fact."""
    query = select(func.count()).select_from(CaseItem).filter_by(case_id=case_id)
    return await session.scalar(query.where(CaseItem.facts[name].astext == value)) or 0


async def one(session: AsyncSession, case_id: UUID, *, held: bool = False) -> Case:
    """A case; ``held`` so that nobody else changes it until the transaction ends.

    Raises:
        NotFound: there is none.
    """
    case = await session.get(Case, case_id, with_for_update=held or None)
    if case is None:
        raise NotFound("There is no such case.")
    return case


async def newest(session: AsyncSession, limit: int, after: UUID | None, status: str | None) -> Sequence[Case]:
    """Cases, newest first; ``after`` is the last one of the page before."""
    query = select(Case).order_by(Case.id.desc()).limit(limit)
    query = query if status is None else query.filter_by(status=status)
    return (await session.scalars(query if after is None else query.where(Case.id < after))).all()


async def items(session: AsyncSession, case_id: UUID, limit: int = SHOWN) -> Sequence[CaseItem]:
    """What a case rests on, newest first."""
    query = select(CaseItem).filter_by(case_id=case_id).order_by(CaseItem.at.desc(), CaseItem.item_id).limit(limit)
    return (await session.scalars(query)).all()


async def sizes(session: AsyncSession, case_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many things each case rests on."""
    query = select(CaseItem.case_id, func.count()).where(among(CaseItem.case_id, case_ids)).group_by(CaseItem.case_id)
    return {id: count for id, count in await session.execute(query)}  # noqa: C416 - rows are no pairs


async def steps(session: AsyncSession, case_id: UUID) -> Sequence[CaseStep]:
    """What was done about a case, oldest first."""
    return (await session.scalars(select(CaseStep).filter_by(case_id=case_id).order_by(CaseStep.id))).all()


async def told(session: AsyncSession, viewer_id: UUID) -> Sequence[tuple[Case, CaseStep]]:
    """Notices to somebody, and what they answered, oldest first."""
    query = select(Case, CaseStep).join(CaseStep, CaseStep.case_id == Case.id).where(Case.subject_id == viewer_id)
    rows = await session.execute(query.where(CaseStep.action.in_(["notice", "appeal"])).order_by(CaseStep.id))
    return [(case, step) for case, step in rows]


async def take(session: AsyncSession, case_id: UUID, action: Action, reason: str, by: str) -> CaseStep:
    """Do something about a case.

    Raises:
        NotFound, CaseClosed, AlreadyRestricted: as they say.
    """
    case = await one(session, case_id, held=True)
    if case.status != "open":
        raise CaseClosed()
    step = CaseStep(id=uuid7(), case_id=case.id, action=action, reason=reason, by=by, created_at=utc_now())
    if action in DECIDES:
        decision = await decide(
            session,
            kind="viewer",
            subject_id=case.subject_id,
            action=DECIDES[action],
            reason_code=case.rule,
            explanation=reason,
            decided_by=by,
            evidence={"case": str(case.id)},
        )
        step.decision_id = decision.id
    if action in {"uphold", "clear"}:
        case.status = "upheld" if action == "uphold" else "cleared"
        case.closed_at, case.closed_by = step.created_at, by
    session.add(step)
    await session.flush()
    if action in {"reject", "accept"}:
        await _judge(session, case, step.id, human=action == "accept")
    return step


async def _judge(session: AsyncSession, case: Case, by_step: UUID, *, human: bool) -> None:
    found = await session.execute(select(CaseItem.at, CaseItem.item_id).filter_by(case_id=case.id, kind="event"))
    events = [(at, id) for at, id in found]
    await send(session, CaseJudged(case.id, by_step, case.rule, events, human))


async def undo(session: AsyncSession, step_id: UUID, by: str) -> CaseStep:
    """Undo a step: a restriction is lifted, a verdict is turned round, a closed case is open again.

    Raises:
        NotFound, StepUndone, StepStays: as they say.
    """
    step = await session.get(CaseStep, step_id, with_for_update=True)
    if step is None:
        raise NotFound("There is no such step.")
    if step.undone_at is not None:
        raise StepUndone()
    if step.action in {"notice", "appeal"}:
        raise StepStays()
    case = await one(session, step.case_id, held=True)
    step.undone_at, step.undone_by = utc_now(), by
    if step.decision_id is not None:
        await lift(session, step.decision_id, by)
    if step.action in {"uphold", "clear"}:
        if await _another_is_open(session, case):
            raise StepStays("A newer case on the same about them is open: go on there.")
        case.status, case.closed_at, case.closed_by = "open", None, None
    await session.flush()
    if step.action in {"reject", "accept"}:
        await _judge(session, case, uuid7(), human=step.action == "reject")
    return step


async def appeal(session: AsyncSession, case_id: UUID, viewer_id: UUID, words: str, by: str) -> CaseStep:
    """Object to a case about oneself, of which one was told; a closed one is looked at again.

    Raises:
        NotFound: there is none about the viewer, or they were not told.
        ObjectionsFull: they objected often enough since they were told last.
    """
    case = await one(session, case_id, held=True)
    notice = select(func.max(CaseStep.created_at)).filter_by(case_id=case.id, action="notice")
    told_at = await session.scalar(notice)
    if case.subject_id != viewer_id or told_at is None:
        raise NotFound("There is no such case.")
    since = select(func.count()).where(CaseStep.case_id == case.id, CaseStep.action == "appeal")
    if (await session.scalar(since.where(CaseStep.created_at >= told_at)) or 0) >= OBJECTIONS_MOST:
        raise ObjectionsFull()
    step = CaseStep(id=uuid7(), case_id=case.id, action="appeal", reason=words, by=by, created_at=utc_now())
    if case.status != "open" and not await _another_is_open(session, case):
        case.status, case.closed_at, case.closed_by = "open", None, None
    session.add(step)
    await session.flush()
    return step


async def _another_is_open(session: AsyncSession, case: Case) -> bool:
    """Whether the rule has opened a newer case about the same person since."""
    same = select(Case.id).filter_by(rule=case.rule, subject_id=case.subject_id, status="open")
    return await session.scalar(same.where(Case.id != case.id).limit(1)) is not None


async def preview(session: AsyncSession, case_id: UUID, action: Action) -> CaseChange:
    """What a step would change of its subject's clicks, credit, money and rank. Nothing is done.

    Raises:
        as ``take``.
    """
    case = await one(session, case_id)
    subject = case.subject_id
    before = await standing_of(session, subject)
    savepoint = await session.begin_nested()
    try:
        await take(session, case_id, action, "preview", "preview")
        after = await standing_of(session, subject)
    finally:
        await savepoint.rollback()  # what it changed is read anew; what else the session knows stays as it is
    return CaseChange(before, after)
