"""Licences that end: recorded as decisions when they do, lifted when they are renewed.

Nothing waits for the record: policy refuses from the very instant (``policy.not_closed``), at every address. The
decision is for people: what ended, by which rule, and how to contest it.
"""

from datetime import datetime

from sqlalchemy import Text, cast, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.rights import described
from groundswell.catalog.tables import RightsRule

from .decisions import decide, lift
from .tables import Decision
from .wording import moment_of

KIND, REASON = "licence", "licence_ended"
APPEAL = "Ask whoever looks after rights; the licence may be extended in the rule."


async def record(session: AsyncSession, at: datetime) -> tuple[int, int]:
    """Record licences that have ended by ``at``, lift the records of those that were renewed; returns how many."""
    return await _record_ended(session, at), await _lift_renewed(session, at)


async def _record_ended(session: AsyncSession, at: datetime) -> int:
    standing = select(Decision.subject_id).filter_by(subject_kind=KIND, lifted_at=None)
    ended = select(RightsRule).where(RightsRule.closes_at <= at, RightsRule.id.not_in(standing))
    rules = (await session.scalars(ended.with_for_update(skip_locked=True))).all()
    for rule, shown in zip(rules, await described(session, rules), strict=True):
        assert rule.closes_at is not None
        where = f" in {rule.territory}" if rule.territory else ""
        await decide(
            session,
            kind=KIND,
            subject_id=rule.id,
            action="hide",
            reason_code=REASON,
            explanation=f"{shown.label}: the licence to share it{where} ended on {moment_of(rule.closes_at)}.",
            decided_by="rule",
            rule=str(rule.id),
            evidence={"scope": rule.scope, "territory": rule.territory, "closes_at": rule.closes_at.isoformat()},
            appeal=APPEAL,
        )
    return len(rules)


async def _lift_renewed(session: AsyncSession, at: datetime) -> int:
    """Those whose rule closes later, closes no more, closed at another time than was recorded, or is gone."""
    query = (
        select(Decision.id)
        .outerjoin(RightsRule, cast(RightsRule.id, Text) == Decision.rule)
        .filter(Decision.subject_kind == KIND, Decision.lifted_at.is_(None))
        .where(or_(RightsRule.id.is_(None), RightsRule.closes_at.is_(None), RightsRule.closes_at > at))
    )
    renewed = (await session.scalars(query)).all()
    for decision in renewed:
        await lift(session, decision, "rule")
    return len(renewed)
