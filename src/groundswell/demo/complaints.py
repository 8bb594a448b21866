"""What the demo's audience complained about, and what trust has decided: some reports are open, two were answered."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.actors import actor_of
from groundswell.accounts.tables import Viewer
from groundswell.moments.tables import Moment
from groundswell.platform.runtime import Runtime
from groundswell.shares.tables import Share
from groundswell.trust.decisions import decide, lift
from groundswell.trust.reports import report
from groundswell.trust.tables import Decision, Report

from .staff import staff_member

SAID = (
    (0, "spoiler", "This is how the episode ends. It should at least be marked."),
    (0, "spoiler", ""),
    (0, "rights", "Isn’t this scene kept back until the finale is out?"),
    (1, "spam", "The same clip, again and again."),
)
"""The number of a moment, a reason and words: two moments, the first reported by three people."""


async def fill_reports(runtime: Runtime) -> None:
    """Reports by several viewers about two public moments, unless there are reports already."""
    async with runtime.database.transaction() as session:
        if await session.scalar(select(Report.id).limit(1)) is not None:
            return
        public = select(Moment).filter_by(visibility="public", deleted_at=None).order_by(Moment.id.desc()).limit(2)
        moments = (await session.scalars(public)).all()
        people = (await session.scalars(select(Viewer.id).order_by(Viewer.id).limit(len(SAID)))).all()
        for (number, reason, words), viewer in zip(SAID, people, strict=False):
            if number < len(moments):
                about = moments[number].id
                await report(session, moment_id=about, reason_code=reason, text=words, reporter=actor_of(viewer))


DOWN = ("spoiler", "It gives the ending away and is not marked as a spoiler. Mark it, and we put it back.")
BACK = ("rights", "The poem that is read in it was thought to be protected.")


async def fill_decisions(runtime: Runtime) -> None:
    """One moment taken down and one put back, both hardly sent to anybody, unless something has been decided."""
    async with runtime.database.transaction() as session:
        if await session.scalar(select(Decision.id).limit(1)) is not None:
            return
        tess = await staff_member(session, runtime, "tess")
        sent = select(func.count()).select_from(Share).where(Share.moment_id == Moment.id).scalar_subquery()
        unlisted = select(Moment).filter_by(visibility="unlisted", deleted_at=None)
        moments = (await session.scalars(unlisted.order_by(sent, Moment.id.desc()).limit(2))).all()
        decided = [await _hide(session, moment, why, tess) for moment, why in zip(moments, (DOWN, BACK), strict=False)]
        for decision in decided[1:]:
            await lift(session, decision.id, actor_of(tess.id))


async def _hide(session: AsyncSession, moment: Moment, why: tuple[str, str], by: Viewer) -> Decision:
    reason, explanation = why
    return await decide(
        session,
        kind="moment",
        subject_id=moment.id,
        action="hide",
        reason_code=reason,
        explanation=explanation,
        decided_by=actor_of(by.id),
    )
