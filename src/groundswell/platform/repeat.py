"""Doing something again and again for as long as a block lasts, whatever goes wrong in between."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

log = structlog.get_logger(__name__)

Work = Callable[[], Awaitable[object]]


async def repeat(name: str, every_s: float, work: Work, *, at_once: bool = True) -> None:
    """Await ``work()`` until cancelled, with a pause of ``every_s`` seconds after each time.

    An error is logged with ``name`` and does not end it: what failed is tried again after the pause. Cancelling ends it
    wherever it is, also where ``work`` takes its being cancelled for a reason to return.

    Args:
        at_once: begin with the work; otherwise with the pause.
    """
    if not at_once:
        await asyncio.sleep(every_s)
    while True:
        try:
            await work()
        except Exception as error:
            log.warning("repeat_failed", name=name, error=str(error).split("\n", 1)[0], kind=type(error).__name__)
        if (task := asyncio.current_task()) is not None and task.cancelling():
            return
        await asyncio.sleep(every_s)


@asynccontextmanager
async def repeating(name: str, every_s: float, work: Work, *, at_once: bool = True) -> AsyncIterator[None]:
    """``repeat`` beside the block; at its end it is cancelled and waited for."""
    task = asyncio.create_task(repeat(name, every_s, work, at_once=at_once), name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
