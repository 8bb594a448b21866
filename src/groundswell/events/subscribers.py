"""What the event log hears from the rooms below, and records in their transaction."""

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.moments.signals import MomentCreated
from groundswell.platform import signals
from groundswell.shares.signals import ShareCreated

from .event import Event
from .log import record


@signals.on(MomentCreated)
async def record_clip(session: AsyncSession, made: MomentCreated) -> None:
    moment = made.moment
    await record(
        session,
        Event(
            kind="clip", at=moment.created_at, moment_id=moment.id, title_id=moment.title_id, viewer_id=moment.viewer_id
        ),
    )


@signals.on(ShareCreated)
async def record_share(session: AsyncSession, made: ShareCreated) -> None:
    share, moment = made.share, made.moment
    await record(
        session,
        Event(
            kind="share",
            at=share.created_at,
            id=share.id,
            share_id=share.id,
            moment_id=moment.id,
            title_id=moment.title_id,
            viewer_id=share.viewer_id,
            channel=share.channel,
        ),
    )
