"""Dividing pools, and paying what campaigns brought, in the background."""

from uuid import UUID

from procrastinate import JobContext

from groundswell.platform.jobs import periodic, task
from groundswell.platform.runtime import runtime_of

from . import acquittals, campaign_recounts, campaign_sources, pools, track_record
from .campaign_budgets import funded

__all__ = ["acquittals", "campaign_recounts", "divide_pool", "track_record"]


@task("earnings.divide_pool")
async def divide_pool(context: JobContext, pool_id: str) -> None:
    """Divide a pool; takes up where a killed run stopped."""
    runtime = runtime_of(context)
    await pools.run(runtime.database, UUID(pool_id), payer=runtime.settings.service_name)


@periodic("earnings.settle_campaigns", cron="* * * * *")
async def settle_campaigns(context: JobContext, timestamp: int) -> None:
    """Pay what campaigns brought since the last time: conversions a batch a transaction, then accepted posts."""
    database = runtime_of(context).database
    while await campaign_sources.settle_noted(database):
        pass
    async with database.transaction() as session:
        campaigns = await funded(session)
    for each in campaigns:
        async with database.transaction() as session:
            await campaign_sources.settle_posts(session, each)


@periodic("earnings.settle_campaign_plays", cron="7 * * * *")
async def settle_campaign_plays(context: JobContext, timestamp: int) -> None:
    """Count the plays that campaigns pay for, once an hour."""
    database = runtime_of(context).database
    async with database.transaction() as session:
        campaigns = await funded(session)
    for each in campaigns:
        async with database.transaction() as session:
            await campaign_sources.settle_plays(session, each)
