"""Noticing every minute which campaigns are over, and which reviews are."""

from procrastinate import JobContext

from groundswell.platform.jobs import periodic
from groundswell.platform.runtime import runtime_of

from . import submissions
from .endings import BATCH, notice_due


@periodic("campaigns.notice_ends", cron="* * * * *")
async def notice_ends(context: JobContext, timestamp: int) -> None:
    """Notice what is over, a batch a transaction."""
    full = True
    while full:
        async with runtime_of(context).database.transaction() as session:
            full = await notice_due(session) == BATCH


@periodic("campaigns.accept_due", cron="* * * * *")
async def accept_due(context: JobContext, timestamp: int) -> None:
    """Accept submissions that nobody decided in time, a batch a transaction."""
    full = True
    while full:
        async with runtime_of(context).database.transaction() as session:
            full = await submissions.accept_due(session) == submissions.BATCH
