"""What becomes of an erased viewer's reports, objections and of what was decided about them: their words go; that there
were any, and what became of them, stays. What the law has us preserve stays until that is over."""

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.actors import actor_of
from groundswell.accounts.signals import ViewerErased
from groundswell.platform import signals

from .tables import Appeal, CaseStep, CounterNotice, Decision, Report


@signals.on(ViewerErased)
async def forget(session: AsyncSession, erased: ViewerErased) -> None:
    theirs = update(Report).where(Report.reporter == actor_of(erased.viewer_id))
    await session.execute(theirs.values(text="", name=None, email=None, url=None, work=None, law=None))
    await session.execute(update(Decision).filter_by(person_id=erased.viewer_id).values(seen=None))
    await session.execute(update(Appeal).filter_by(appellant_id=erased.viewer_id).values(text=""))
    counters = update(CounterNotice).filter_by(viewer_id=erased.viewer_id)
    await session.execute(counters.values(name="", address="", email="", text="", court_action=None))
    said = update(CaseStep).where(CaseStep.action == "appeal", CaseStep.by == actor_of(erased.viewer_id))
    await session.execute(said.values(reason=""))
