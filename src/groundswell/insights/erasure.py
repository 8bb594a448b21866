"""What becomes of an erased viewer in experiments and reports.

That a unit was exposed, and in which arm, stays; what the service called the viewer goes. Reports kept for when the
engine is down may show names and captions: all of them go, and come back with the next answer. Nothing more is mailed
to them.
"""

from sqlalchemy import delete, or_, update
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.signals import ViewerErased
from groundswell.platform import signals

from .tables import Exposure, KeptReport, WeeklyMail, WeeklyRecipient


@signals.on(ViewerErased)
async def forget(session: AsyncSession, erased: ViewerErased) -> None:
    """Overwrite their id in exposures, as viewer and as drawn unit, and drop the kept reports."""
    for column in (Exposure.unit, Exposure.viewer):
        of = [column == erased.subject]
        if column is Exposure.viewer:
            of.append(Exposure.viewer_id == erased.viewer_id)
        await session.execute(update(Exposure).where(or_(*of)).values({column: erased.alias}))
    for kept in (WeeklyRecipient, WeeklyMail):
        await session.execute(delete(kept).filter_by(viewer_id=erased.viewer_id))
    await session.execute(delete(KeptReport))
