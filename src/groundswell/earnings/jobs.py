"""Dividing pools in the background."""

from uuid import UUID

from procrastinate import JobContext

from groundswell.platform.jobs import task
from groundswell.platform.runtime import runtime_of

from . import acquittals, pools, track_record

__all__ = ["acquittals", "divide_pool", "track_record"]


@task("earnings.divide_pool")
async def divide_pool(context: JobContext, pool_id: str) -> None:
    """Divide a pool; takes up where a killed run stopped."""
    runtime = runtime_of(context)
    await pools.run(runtime.database, UUID(pool_id), payer=runtime.settings.service_name)
