"""Running the service as processes: the HTTP server, and workers of their own."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import structlog
import uvicorn
from fastapi import FastAPI

from groundswell.events.lake.sealer_process import sealing
from groundswell.platform.command_line import settled
from groundswell.platform.runtime import open_runtime
from groundswell.platform.settings import Settings

from . import features, notification_speech  # noqa: F401 - jobs that mail and push ask how things are said
from .app import create_app, run_worker
from .connection_bounds import BoundedProtocol, Bounds, Connections, unbounded
from .fast_path import FastPathProtocol, lacking

log = structlog.get_logger(__name__)


def run_server(settings: Settings, app: FastAPI | None = None, on_ready: Callable[[], None] | None = None) -> None:
    """Serve until interrupted.

    Args:
        on_ready: called once the server answers.

    Raises:
        CannotStart: the application could not start, and knows why.
        SystemExit: it could not; the log says why.
    """
    app = app or create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        http=http_protocol(settings),
        ws="none",
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=5,
    )
    try:
        with suppress(KeyboardInterrupt):  # which has done its work: the server has stopped
            Server(config, on_ready).run()
    except SystemExit:  # how uvicorn ends when the application did not start
        if (refusal := getattr(app, "refusal", None)) is not None:
            raise refusal from None
        raise


def http_protocol(settings: Settings) -> Any:
    """What speaks HTTP on a connection: within bounds, and with the fast path where the installed uvicorn is what that
    was written for.

    Raises:
        RuntimeError: the installed uvicorn cannot be held to the bounds; it would serve without any.
    """
    if missing := unbounded():
        raise RuntimeError(f"uvicorn {uvicorn.__version__} cannot be bounded: it lacks {', '.join(missing)}")
    connections = Connections(Bounds.of(settings), settings.trusted_proxies)
    if missing := lacking():
        log.warning("fast_path_left_out", uvicorn=uvicorn.__version__, missing=missing)
        return partial(BoundedProtocol, connections=connections)
    return partial(FastPathProtocol, connections=connections)


class Server(uvicorn.Server):
    """uvicorn, saying when it is ready."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None] | None = None) -> None:
        super().__init__(config)
        self.on_ready = on_ready

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        settled()
        if self.started and self.on_ready is not None:
            self.on_ready()


def run_workers(settings: Settings) -> None:
    """Run background jobs, and seal the event log, until interrupted; a job under way gets ten seconds to end."""
    features.load("tables")
    features.load("jobs")

    async def run() -> None:
        async with open_runtime(settings) as runtime, sealing(runtime):
            worker = asyncio.create_task(run_worker(runtime))
            settled()
            for name in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(name, worker.cancel)
            await asyncio.gather(worker, return_exceptions=True)

    asyncio.run(run())
