"""What becomes of an erased viewer's follows, barriers and reactions: they go, whoever's they were.
Their collections and reposts go. The places of their comments stay, their words go."""

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.signals import ViewerErased
from groundswell.moments.tables import Moment
from groundswell.platform import signals
from groundswell.platform.clock import utc_now

from . import collections, supercuts
from .collection_tables import Repost
from .comment_tables import Comment
from .supercut_tables import SupercutPart
from .tables import Barrier, CommunityProfile, Follow, Reaction


@signals.on(ViewerErased)
async def forget(session: AsyncSession, erased: ViewerErased) -> None:
    id = erased.viewer_id
    await session.execute(delete(Follow).where(or_(Follow.follower_id == id, Follow.followed_id == id)))
    await session.execute(delete(Barrier).where(or_(Barrier.viewer_id == id, Barrier.other_id == id)))
    for kept in (CommunityProfile, Reaction):
        await session.execute(delete(kept).where(kept.viewer_id == id))
    theirs = select(SupercutPart.collection_id).join(Moment, Moment.id == SupercutPart.moment_id)
    await supercuts.outdate(session, list(await session.scalars(theirs.where(Moment.viewer_id == id).distinct())))
    await collections.forget(session, id)
    await session.execute(delete(Repost).filter_by(viewer_id=id))
    said = update(Comment).where(Comment.viewer_id == id)
    await session.execute(said.values(text="", same_as="", pinned_at=None))
    await session.execute(said.where(Comment.deleted_at.is_(None)).values(deleted_at=utc_now(), deleted_by="writer"))
