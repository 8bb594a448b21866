"""What becomes of what an erased viewer was told and chose: all of it goes. What others are told of what they did is
counted when it is read, and so without them."""

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.signals import ViewerErased
from groundswell.platform import signals

from .tables import DigestMail, Notification, NotificationChoice, PushSubscription


@signals.on(ViewerErased)
async def forget(session: AsyncSession, erased: ViewerErased) -> None:
    for kept in (PushSubscription, DigestMail, NotificationChoice, Notification):
        await session.execute(delete(kept).where(kept.viewer_id == erased.viewer_id))
