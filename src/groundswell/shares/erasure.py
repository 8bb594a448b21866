"""What becomes of an erased viewer's reminders: they go. Their links stay, with a number that names nobody."""

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.signals import ViewerErased
from groundswell.platform import signals

from .tables import Reminder


@signals.on(ViewerErased)
async def forget(session: AsyncSession, erased: ViewerErased) -> None:
    await session.execute(delete(Reminder).filter_by(viewer_id=erased.viewer_id))
