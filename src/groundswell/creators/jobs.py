"""Looking at creators' channels in the background."""

from uuid import UUID

from procrastinate import JobContext

from groundswell.platform.jobs import task
from groundswell.platform.runtime import runtime_of

from . import channels


@task("creators.look_at_channel")
async def look_at_channel(context: JobContext, channel_id: str) -> None:
    """Look whether a channel's page carries its proof."""
    await channels.look(runtime_of(context), UUID(channel_id))
