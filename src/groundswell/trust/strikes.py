"""Repeat infringers: what becomes of whose things are taken down for copyright over and over (17 USC 512(i); DSA
Art. 23), by the ladder of ``GROUNDSWELL_STRIKE_LADDER``.

Only what stands is counted: a takedown that is lifted, by an appeal or a counter-notice, takes its step back.
"""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.locks import Lock, lock
from groundswell.platform.settings import Settings

from .decisions import AlreadyRestricted, decide, lift
from .grounds import COPYRIGHT
from .tables import Decision

RULE = "repeat_infringer"


def rung(ladder: Mapping[int, str], strikes: int) -> str | None:
    """What so many takedowns come to; None below the first step. Pure."""
    reached = [count for count in ladder if count <= strikes]
    return ladder[max(reached)] if reached else None


async def strikes_of(session: AsyncSession, viewer_id: UUID, days: int) -> int:
    """How many things of somebody's stand taken down for copyright, of the last ``days`` days."""
    query = select(func.count(Decision.subject_id.distinct())).filter_by(person_id=viewer_id, lifted_at=None)
    query = query.where(Decision.reason_code.in_(COPYRIGHT), Decision.action == "hide")
    query = query.where(Decision.subject_kind != "viewer", Decision.created_at > utc_now() - timedelta(days=days))
    return await session.scalar(query) or 0


async def count(session: AsyncSession, settings: Settings, viewer_id: UUID) -> None:
    """Bring what the ladder does to somebody up to what stands against them. Idempotent."""
    await lock(session, Lock.STRIKES, viewer_id)
    strikes = await strikes_of(session, viewer_id, settings.strike_days)
    wanted = rung(settings.strike_ladder, strikes)
    standing = select(Decision).filter_by(subject_kind="viewer", subject_id=viewer_id, rule=RULE, lifted_at=None)
    for decision in (await session.scalars(standing)).all():
        if decision.action == wanted:
            return
        await lift(session, decision.id, "rule")
    if wanted is None:
        return
    try:
        await decide(
            session,
            kind="viewer",
            subject_id=viewer_id,
            action=wanted,
            reason_code=RULE,
            explanation=f"{strikes} things of yours were taken down because they infringe somebody's rights.",
            decided_by="rule",
            rule=RULE,
            evidence={"strikes": strikes},
        )
    except AlreadyRestricted:
        return  # staff have done so already
