"""What the community does at the signals of those below."""

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.signals import on
from groundswell.trust.signals import HeldReleased

from .comment_tables import Comment
from .comments import let_through


@on(HeldReleased)
async def released(session: AsyncSession, signal: HeldReleased) -> None:
    """Staff have decided about a comment: it waits no longer. What they took down stays down by their decision."""
    if signal.subject_kind == "comment":
        comment = await session.get(Comment, signal.subject_id, with_for_update=True)
        if comment is not None:
            await let_through(session, comment)
