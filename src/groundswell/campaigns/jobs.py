"""Noticing every minute which campaigns are over."""

from procrastinate import JobContext

from groundswell.platform.jobs import periodic
from groundswell.platform.runtime import runtime_of

from .endings import BATCH, notice_due


@periodic("campaigns.notice_ends", cron="* * * * *")
async def notice_ends(context: JobContext, timestamp: int) -> None:
    """Notice what is over, a batch a transaction."""
    full = True
    while full:
        async with runtime_of(context).database.transaction() as session:
            full = await notice_due(session) == BATCH
