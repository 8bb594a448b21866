"""Verdicts of moderation tools outside (Osprey, Coop, one's own): each is a decision like any other, with what it says
closed, reasoned to whom it meets, contested and undone in the same way.

What is severe is decided by people here, who alone may see it.
"""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.problems import Conflict, Problem
from groundswell.platform.signals import send

from . import decisions
from .grounds import SEVERE
from .notice_schemas import VerdictIn
from .signals import HeldReleased
from .subjects import find_subject
from .tables import Decision, Review


class VerdictSevere(Problem):
    status, code, title = 403, "verdict_severe", "What is severe is decided by people here."


class NothingWaits(Conflict):
    code, title = "nothing_waits", "Nothing waits for a decision about this: it stands as it is."


async def take(session: AsyncSession, verdict: VerdictIn, key: str) -> Decision:
    """Decide as a tool outside has; its review is closed by it, and what was held is shown where it says ``keep``.

    Args:
        key: the service key that it came by, as records have it.

    Raises:
        SubjectUnknown, VerdictSevere, NothingWaits: as they say.
        AlreadyRestricted: it was decided so before; with the decision that stands.
    """
    kind, subject_id = verdict.subject.kind, await find_subject(session, verdict.subject.kind, verdict.subject.id)
    same = select(Review).filter_by(subject_kind=kind, subject_id=subject_id, closed_at=None)
    review: Review | None = await session.scalar(same.with_for_update())
    if verdict.reason_code in SEVERE or (review is not None and review.lane == "severe"):
        raise VerdictSevere()
    if verdict.action == "keep" and review is None:
        raise NothingWaits()
    named = f"{verdict.tool}: {verdict.rule}" if verdict.rule else verdict.tool
    decision = await decisions.decide(
        session,
        kind=kind,
        subject_id=subject_id,
        action=verdict.action,
        reason_code=verdict.reason_code,
        explanation=verdict.explanation,
        decided_by="rule" if verdict.automated else key,
        rule=named if verdict.automated else None,
        source="rule" if verdict.automated else await decisions.led_to(session, kind, subject_id),
        evidence={"outside": {"tool": verdict.tool, "rule": verdict.rule, "key": key}},
    )
    if review is not None:
        await send(session, HeldReleased(kind, subject_id))
    return decision
