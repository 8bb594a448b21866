"""Titles that the service has taken out of its catalogue: recorded as decisions, lifted when they are back.

Nothing waits for the record: policy refuses by the title's own fact (``clip_checks``). The decision is for people, and
for what reads decisions: what ended, when, by whom.
"""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.tables import Title

from .decisions import AlreadyRestricted, decide, lift
from .tables import Decision
from .wording import CODES

REASON = "title_withdrawn"
APPEAL = "Ask the streaming service; it puts the title back into its catalogue itself."


async def record(session: AsyncSession, title_id: UUID, by: str) -> None:
    """Record that a title was withdrawn. One that staff have hidden already stays hidden by their decision."""
    try:
        await decide(
            session,
            kind="title",
            subject_id=title_id,
            action="hide",
            reason_code=REASON,
            explanation=CODES[REASON],
            decided_by=by,
            appeal=APPEAL,
        )
    except AlreadyRestricted:
        return


async def lift_record(session: AsyncSession, title_id: UUID, by: str) -> None:
    """Lift the record of a withdrawal; what staff decided about the title stands."""
    standing = select(Decision.id).filter_by(subject_kind="title", subject_id=title_id, reason_code=REASON)
    for decision in (await session.scalars(standing.where(Decision.lifted_at.is_(None)))).all():
        await lift(session, decision, by)


async def record_again(session: AsyncSession, title_id: UUID) -> None:
    """A decision about a title was lifted: where it is withdrawn all the same, that is on record."""
    title = await session.get_one(Title, title_id, populate_existing=True)
    if title.withdrawn_at is not None:
        await record(session, title_id, "rule")
