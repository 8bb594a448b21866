"""Pushing and mailing what is due; letting go of old notifications; what is noted at the signals of features below."""

from datetime import date, datetime, timedelta
from uuid import UUID

from procrastinate import JobContext
from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.jobs import SOON, WHENEVER, defer, periodic, task
from groundswell.platform.runtime import runtime_of
from groundswell.platform.trusted_clock import time_to_destroy

from . import causes, digest, fan_out
from .push import push_all_due
from .tables import DigestMail, Notification

__all__ = [
    "causes",
    "confirm_address",
    "fan_out",
    "forget_notifications",
    "mail_digest",
    "push",
    "queue_digests",
    "queue_due",
]

SECONDS = 20.0
AT_ONCE = 10_000
DUE = text("SELECT EXISTS (SELECT FROM push_deliveries WHERE due_at <= now())")


async def queue_due(session: AsyncSession) -> None:
    """Queue pushing when something is due, once."""
    if await session.scalar(DUE):
        await defer(session, push, priority=SOON, once="notifications.push")


@task("notifications.push")
async def push(context: JobContext) -> None:
    """Push what is due; what is more than some seconds' worth, when others had their turn."""
    runtime = runtime_of(context)
    if await push_all_due(runtime.database, runtime.settings, SECONDS):
        async with runtime.database.transaction() as session:
            await defer(session, push, priority=SOON, once="notifications.push")


@periodic("notifications.queue_digests", cron="*/5 * * * *")
async def queue_digests(context: JobContext, timestamp: int) -> None:
    """Queue the digest for everybody to whom it is due, with the note that it is: so once."""
    runtime = runtime_of(context)
    if runtime.settings.smtp_url is None:
        return
    while True:
        async with runtime.database.transaction() as session:
            found = await digest.due(session, runtime.settings, utc_now())
            for viewer_id, day in found:
                await defer(session, mail_digest, priority=WHENEVER, viewer_id=str(viewer_id), day=day.isoformat())
        if len(found) < digest.AT_ONCE:
            return


@task("notifications.mail_digest")
async def mail_digest(context: JobContext, viewer_id: str, day: str) -> None:
    """Mail a digest to somebody; a server that does not take it is tried again."""
    await digest.deliver(runtime_of(context), UUID(viewer_id), date.fromisoformat(day))


@task("notifications.confirm_address")
async def confirm_address(context: JobContext, viewer_id: str) -> None:
    """Mail somebody the link by which they confirm their address."""
    await digest.send_confirmation(runtime_of(context), UUID(viewer_id))


@periodic("notifications.forget", cron="41 4 * * *")
async def forget_notifications(context: JobContext, timestamp: int) -> None:
    """Every night, drop notifications to which nothing was added for as long as the settings say."""
    runtime = runtime_of(context)
    now = await time_to_destroy(runtime.database, "old notifications")
    while now is not None:
        async with runtime.database.transaction() as session:
            before = now - timedelta(days=runtime.settings.notification_keep_days)
            if await forget_old(session, before, AT_ONCE) < AT_ONCE:
                return


async def forget_old(session: AsyncSession, before: datetime, most: int) -> int:
    """Drop the oldest notifications to which nothing was added since ``before``, ``most`` at most, and what was noted
    of digests as old; returns how many notifications."""
    await session.execute(delete(DigestMail).where(DigestMail.day < before.date()))
    old = select(Notification.id).where(Notification.at < before).order_by(Notification.at).limit(most)
    gone = await session.scalars(delete(Notification).where(Notification.id.in_(old)).returning(Notification.id))
    return len(gone.all())
