"""What becomes of how far an erased viewer had watched: it goes."""

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.signals import ViewerErased
from groundswell.platform import signals

from .tables import Progress


@signals.on(ViewerErased)
async def forget(session: AsyncSession, erased: ViewerErased) -> None:
    await session.execute(delete(Progress).filter_by(viewer_id=erased.viewer_id))
