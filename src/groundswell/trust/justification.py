"""The statement of reasons that whom a decision meets is given (DSA Art. 17): what was done, on which facts and ground,
whether by a program, and how to contest it. It shows what staff saw: the thing as it was, and what was said of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.problems import Problem

from . import appeals, counter_notices
from .grounds import SEVERE, Ground, ground_of
from .tables import Appeal, CounterNotice, Decision, Report

SAID_SHOWN = 50


@dataclass(frozen=True)
class ReportedWords:
    """What one report said; never who said it."""

    kind: str
    reason_code: str
    text: str
    law: str | None
    work: str | None
    at: datetime


@dataclass(frozen=True)
class Justification:
    """A statement of reasons.

    Args:
        automated: a rule decided, and no person.
        said: what the reports said that led to it, newest first, of ``said_count``.
        appealable: why it cannot be contested any more; None: it can, until ``appeal_until``.
    """

    decision: Decision
    ground: Ground
    automated: bool
    said: Sequence[ReportedWords] = field(default_factory=list)
    said_count: int = 0
    seen: dict[str, Any] | None = None
    appeal: Appeal | None = None
    verdict: Decision | None = None
    appeal_until: datetime | None = None
    refusal: Problem | None = None
    counter_notice: CounterNotice | None = None
    may_counter: bool = False


async def justify(session: AsyncSession, decision: Decision, now: datetime) -> Justification:
    """The statement of reasons for a decision. What a severe one rests on is shown to nobody here."""
    severe = decision.reason_code in SEVERE
    made = await appeals.of_decision(session, decision.id)
    verdict = None if made is None or made.verdict_id is None else await session.get(Decision, made.verdict_id)
    countered = await counter_notices.of_decision(session, decision.id)
    count, said = (0, []) if severe else await _said(session, decision.id)
    return Justification(
        decision=decision,
        ground=ground_of(decision.reason_code),
        automated=decision.source == "rule" and not decision.decided_by.startswith("viewer:"),
        said=said,
        said_count=count,
        seen=None if severe else decision.seen,
        appeal=made,
        verdict=verdict,
        appeal_until=appeals.open_until(decision),
        refusal=appeals.refusal_to_appeal(decision, made, now),
        counter_notice=countered,
        may_counter=countered is None and counter_notices.may_counter(decision),
    )


async def _said(session: AsyncSession, decision_id: UUID) -> tuple[int, list[ReportedWords]]:
    about = select(Report).filter_by(decision_id=decision_id)
    count = await session.scalar(select(func.count()).select_from(about.subquery())) or 0
    rows = await session.scalars(about.order_by(Report.id.desc()).limit(SAID_SHOWN))
    return count, [
        ReportedWords(row.kind, row.reason_code, row.text, row.law, row.work, row.created_at) for row in rows
    ]
