"""What moments run while the process serves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from groundswell.platform.runtime import Runtime

from .following import Followers
from .keeping import keep_house
from .watching import Watch


@asynccontextmanager
async def lifespan(app: FastAPI, runtime: Runtime) -> AsyncIterator[None]:
    """Those who wait for renditions, as ``app.state.followers``; and renditions nobody asks for are dropped."""
    async with Watch(runtime.database).running() as watch:
        app.state.followers = Followers(runtime.database, watch)
        housekeeper = asyncio.create_task(keep_house(runtime))
        try:
            yield
        finally:
            housekeeper.cancel()
            await asyncio.gather(housekeeper, return_exceptions=True)
