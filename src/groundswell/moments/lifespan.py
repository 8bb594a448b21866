"""What moments run while the process serves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from groundswell.platform.runtime import Runtime

from .following import Followers
from .watching import Watch


@asynccontextmanager
async def lifespan(app: FastAPI, runtime: Runtime) -> AsyncIterator[None]:
    """Those who wait for renditions, as ``app.state.followers``."""
    async with Watch(runtime.database).running() as watch:
        app.state.followers = Followers(runtime.database, watch)
        yield
