"""What the demo's people were told of meanwhile: noted as it would have been, had it happened before our eyes."""

from sqlalchemy import func, select

from groundswell.community.comment_tables import Comment
from groundswell.community.signals import CommentShown
from groundswell.community.tables import Follow
from groundswell.moments.tables import Moment
from groundswell.notifications.catching_on import consider
from groundswell.notifications.causes import commented
from groundswell.notifications.groups import note
from groundswell.notifications.tables import Notification
from groundswell.platform.runtime import Runtime


async def fill_notifications(runtime: Runtime) -> None:
    """Note who followed, what was said, and which moments caught on, unless it is there."""
    async with runtime.database.transaction() as session:
        if await session.scalar(select(Notification.id).where(Notification.kind == "comment").limit(1)) is not None:
            return
        begun = select(Follow.followed_id, func.min(Follow.created_at)).group_by(Follow.followed_id)
        for followed, since in (await session.execute(begun.order_by(Follow.followed_id))).all():
            await note(session, "follower", followed, [followed], at=since)
        said = select(Comment).filter_by(held_for=None, deleted_at=None).order_by(Comment.created_at, Comment.id)
        for comment in await session.scalars(said):
            await commented(session, CommentShown(comment))
        moments = await session.scalars(select(Moment.id).order_by(Moment.id))
        await consider(session, moments.all())
