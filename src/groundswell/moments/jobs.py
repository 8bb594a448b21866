"""Background work on moments: making their media, and dropping it."""

from collections.abc import Sequence

from procrastinate import JobContext, RetryStrategy

from groundswell.platform.jobs import task
from groundswell.platform.runtime import runtime_of

from .media.eviction import drop
from .media.renderer import make

UNTIL_MADE = RetryStrategy(max_attempts=40, wait=30)


class StillBeingMade(Exception):
    """Media that is to be dropped is being made; the job tries again."""


@task("moments.render")
async def render(context: JobContext, recipe: str) -> None:
    """Make the rendition whose recipe has this hash, unless it is there or being made."""
    await make(runtime_of(context), recipe)


@task("moments.drop_renditions", retry=UNTIL_MADE)
async def drop_renditions(context: JobContext, recipes: Sequence[str]) -> None:
    """Drop the media of these recipes, whoever asks for it; once it is made, where it is being made."""
    dropped = [await drop(runtime_of(context), recipe) for recipe in recipes]
    if not all(dropped):
        raise StillBeingMade()
