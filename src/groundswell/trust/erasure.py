"""What becomes of an erased viewer's reports and objections: their words go; that there were any, and what became of
them, stays."""

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.actors import actor_of
from groundswell.accounts.signals import ViewerErased
from groundswell.platform import signals

from .tables import CaseStep, Report


@signals.on(ViewerErased)
async def forget(session: AsyncSession, erased: ViewerErased) -> None:
    theirs = update(Report).where(Report.reporter == actor_of(erased.viewer_id))
    await session.execute(theirs.values(text=""))
    said = update(CaseStep).where(CaseStep.action == "appeal", CaseStep.by == actor_of(erased.viewer_id))
    await session.execute(said.values(reason=""))
