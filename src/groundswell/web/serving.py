"""Running the service as processes: the HTTP server, and workers of their own."""

import asyncio
import gc
import signal
from collections.abc import Callable
from contextlib import suppress

import uvicorn
from fastapi import FastAPI

from groundswell.events.sealing_process import sealing
from groundswell.platform.runtime import open_runtime
from groundswell.platform.settings import Settings

from . import rooms
from .app import create_app, run_worker
from .doorway import Doorway


def run_server(settings: Settings, app: FastAPI | None = None, on_ready: Callable[[], None] | None = None) -> None:
    """Serve until interrupted.

    Args:
        on_ready: called once the server answers.
    """
    config = uvicorn.Config(
        app or create_app(settings),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        http=Doorway,
        timeout_graceful_shutdown=5,
    )
    with suppress(KeyboardInterrupt):  # which has done its work: the server has stopped
        Server(config, on_ready).run()


class Server(uvicorn.Server):
    """uvicorn, saying when it is ready."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None] | None = None) -> None:
        super().__init__(config)
        self.on_ready = on_ready

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        # What is here now stays: the collector need not walk through it while requests wait.
        gc.collect()
        gc.freeze()
        if self.started and self.on_ready is not None:
            self.on_ready()


def run_workers(settings: Settings) -> None:
    """Run background jobs, and seal the event log, until interrupted; a job under way gets ten seconds to end."""
    rooms.load("tables")
    rooms.load("jobs")

    async def run() -> None:
        async with open_runtime(settings) as runtime, sealing(runtime):
            worker = asyncio.create_task(run_worker(runtime))
            for name in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(name, worker.cancel)
            await asyncio.gather(worker, return_exceptions=True)

    asyncio.run(run())
