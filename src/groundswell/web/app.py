"""Puts the rooms together: one ASGI application with the API, the pages and the background work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import cast

import structlog
from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Receive, Scope, Send

from groundswell import __version__
from groundswell.accounts.access import principal_of
from groundswell.accounts.tokens import KeySource, TokenVerifier
from groundswell.events.answers import Answer
from groundswell.events.redirect import Redirects, is_redirect
from groundswell.platform import problems
from groundswell.platform.database import Database
from groundswell.platform.jobs import rescue_stalled
from groundswell.platform.runtime import Runtime, open_runtime
from groundswell.platform.settings import Settings
from groundswell.platform.telemetry import Observed

from . import landing, openapi, pages, rooms

log = structlog.get_logger(__name__)

RESCUE_INTERVAL_S = 10


class Application(FastAPI):
    """FastAPI, with the redirect and visitors' landing pages before everything that it does."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if is_redirect(scope):
            await self.state.redirects(scope, receive, send)
        elif (kept := landing.kept_page(self.state, scope)) is not None:
            await landing.send_kept(self.state, kept, scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    @staticmethod
    def has_visitors(scope: Scope) -> bool:
        """Whether ``answer_at_once`` may know an answer to an HTTP request."""
        path: str = scope["path"]
        return path.startswith("/s/")

    def answer_at_once(self, scope: Scope) -> Answer | None:
        """The answer to a visitor's request when it takes nothing but a commit; ``__call__`` gives the same."""
        if is_redirect(scope):
            return cast(Redirects, self.state.redirects).answer_at_once(scope)
        kept = landing.kept_page(self.state, scope)
        return None if kept is None else landing.answer_at_once(self.state, kept, scope)


def create_app(settings: Settings, keys: KeySource | None = None) -> FastAPI:
    """The whole service.

    Args:
        keys: viewers' signing keys when they need not be fetched (the demo service beside us).
    """
    rooms.load("tables")
    rooms.load("jobs")

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            runtime = await stack.enter_async_context(open_runtime(settings))
            app.state.runtime, app.state.database = runtime, runtime.database
            for module in rooms.load("lifespan"):
                await stack.enter_async_context(module.lifespan(app, runtime))
            if settings.worker_in_server:
                await stack.enter_async_context(background_worker(runtime))
            yield

    app = Application(
        title="Groundswell",
        version=__version__,
        summary="Moments for any streaming service.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
    )
    app.state.settings = settings
    app.state.principal_of = principal_of
    app.state.verifier = TokenVerifier(settings, keys)
    app.add_middleware(Observed)
    if settings.component_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.component_origins,
            allow_methods=["GET", "POST", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key"],
            expose_headers=["Retry-After"],
        )
    problems.install(app)
    for module in rooms.load("api"):
        app.include_router(module.router)
    add_health(app)
    openapi.describe(app)
    openapi.serve(app, "/v1/docs")
    pages.install(app)
    return app


@asynccontextmanager
async def background_worker(runtime: Runtime) -> AsyncIterator[None]:
    """Background jobs inside this process, for as long as the block lasts."""
    worker = asyncio.create_task(run_worker(runtime))
    try:
        yield
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


async def run_worker(runtime: Runtime) -> None:
    """Run background jobs until cancelled; survives a restart of the database."""
    rescuer = asyncio.create_task(_rescue_again_and_again(runtime))
    try:
        while True:
            try:
                await runtime.jobs.run_worker_async(install_signal_handlers=False)
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    return
                log.warning("worker_stopped_by_itself")  # it gives up when the database goes away under it
                await asyncio.sleep(1)
            except Exception:
                log.exception("worker_interrupted")
                await asyncio.sleep(1)
    finally:
        rescuer.cancel()


async def _rescue_again_and_again(runtime: Runtime) -> None:
    while True:
        try:
            await rescue_stalled(runtime.jobs)
        except Exception as error:
            log.warning("rescue_failed", error=str(error))
        await asyncio.sleep(RESCUE_INTERVAL_S)


def add_health(app: FastAPI) -> None:
    """Liveness, readiness and metrics, for whatever runs us."""

    @app.get("/healthz", tags=["operations"])
    async def alive() -> dict[str, str]:
        """This process answers. It does not ask the database, whose absence a restart would not mend."""
        return {"status": "ok", "version": __version__}

    @app.get("/readyz", tags=["operations"])
    async def ready(request: Request) -> dict[str, str]:
        """This process can serve: its database answers (503 otherwise)."""
        database: Database = request.app.state.database
        async with database.sessions() as session:
            await session.execute(text("SELECT 1"))
        return {"status": "ready", "version": __version__}

    @app.get("/metrics", tags=["operations"], include_in_schema=False)
    async def metrics(request: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
