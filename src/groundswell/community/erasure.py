"""What becomes of an erased viewer's follows, barriers and reactions: they go, whoever's they were."""

from sqlalchemy import delete, or_
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.signals import ViewerErased
from groundswell.platform import signals

from .tables import Barrier, CommunityProfile, Follow, Reaction


@signals.on(ViewerErased)
async def forget(session: AsyncSession, erased: ViewerErased) -> None:
    id = erased.viewer_id
    await session.execute(delete(Follow).where(or_(Follow.follower_id == id, Follow.followed_id == id)))
    await session.execute(delete(Barrier).where(or_(Barrier.viewer_id == id, Barrier.other_id == id)))
    for kept in (CommunityProfile, Reaction):
        await session.execute(delete(kept).where(kept.viewer_id == id))
