"""Dividing pools in the background."""

from uuid import UUID

from procrastinate import JobContext

from groundswell.platform.jobs import task
from groundswell.platform.runtime import runtime_of

from . import pools


@task("earnings.divide_pool")
async def divide_pool(context: JobContext, pool_id: str) -> None:
    """Divide a pool; takes up where a killed run stopped."""
    await pools.run(runtime_of(context).database, UUID(pool_id))
