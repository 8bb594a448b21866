"""Background work on moments: making their media."""

from procrastinate import JobContext

from groundswell.platform.jobs import task
from groundswell.platform.runtime import runtime_of

from .rendering import make


@task("moments.render")
async def render(context: JobContext, recipe: str) -> None:
    """Make the rendition whose recipe has this hash, unless it is there or being made."""
    await make(runtime_of(context), recipe)
