"""Noticing every minute which campaigns are over, and which reviews are."""

from uuid import UUID

from procrastinate import JobContext
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.jobs import WHENEVER, defer, periodic, task
from groundswell.platform.runtime import runtime_of

from . import post_check, submissions
from .endings import BATCH, notice_due
from .tables import CampaignSubmission


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


@task("campaigns.check_post")
async def check_post(context: JobContext, submission_id: str) -> None:
    """Look whether a post carries its creator's link or code."""
    await post_check.check(runtime_of(context), UUID(submission_id))


async def queue_check(session: AsyncSession, submission: CampaignSubmission) -> None:
    """Have a post looked at, once it is stored."""
    await defer(session, check_post, priority=WHENEVER, submission_id=str(submission.id))
