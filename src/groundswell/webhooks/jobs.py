"""Delivering, endpoint by endpoint; telling of first clicks; letting go of what was told long ago."""

from datetime import timedelta
from uuid import UUID

from procrastinate import JobContext
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.jobs import SOON, defer, periodic, task
from groundswell.platform.runtime import runtime_of
from groundswell.platform.trusted_clock import time_to_destroy

from . import subscriptions
from .delivery import deliver
from .endpoints import forget_old
from .first_clicks import tell_first_clicks

__all__ = ["deliver_due", "forget_messages", "queue_due", "subscriptions"]

SECONDS = 20.0
KEPT = timedelta(days=30)
AT_ONCE = 10_000

DUE = text("""
SELECT e.id FROM webhook_endpoints e
WHERE e.status = 'on' AND coalesce(e.rests_until, now()) <= now() AND EXISTS (
    SELECT FROM webhook_deliveries d WHERE d.endpoint_id = e.id AND d.status = 'waiting' AND d.due_at <= now()
)
ORDER BY e.id
""")


async def queue_due(session: AsyncSession) -> None:
    """Tell of first clicks; queue delivering for each endpoint for which something is due, once."""
    await tell_first_clicks(session)
    for id in (await session.scalars(DUE)).all():
        await defer(session, deliver_due, priority=SOON, once=f"webhooks.deliver:{id}", endpoint=str(id))


@task("webhooks.deliver")
async def deliver_due(context: JobContext, endpoint: str) -> None:
    """Deliver what is due for one endpoint; what is more than some seconds' worth, when others had their turn."""
    runtime = runtime_of(context)
    if await deliver(runtime.database, runtime.settings, UUID(endpoint), SECONDS):
        async with runtime.database.transaction() as session:
            once = f"webhooks.deliver:{endpoint}"
            await defer(session, deliver_due, priority=SOON, once=once, endpoint=endpoint)


@periodic("webhooks.forget_messages", cron="23 4 * * *")
async def forget_messages(context: JobContext, timestamp: int) -> None:
    """Every night, drop messages of a month ago that wait for nobody, and what became of them."""
    database = runtime_of(context).database
    now = await time_to_destroy(database, "messages of webhooks")
    while now is not None:
        async with database.transaction() as session:
            if await forget_old(session, now - KEPT, AT_ONCE) < AT_ONCE:
                return
