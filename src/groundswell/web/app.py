"""Puts the features together: one ASGI application with the API, the pages and the background work."""

import asyncio
import hmac
import math
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache, partial

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from groundswell import __version__
from groundswell.accounts import audit
from groundswell.accounts.access import principal_of, require_still
from groundswell.accounts.openid import StaffProviders
from groundswell.accounts.signing_keys import KeySource
from groundswell.accounts.tokens import TokenVerifier
from groundswell.community.reaction_door import ReactionAnswer, ReactionDoor
from groundswell.events.lake.lag import lake_lag
from groundswell.events.visits.deferred_response import DeferredResponse
from groundswell.events.visits.redirect import Found, Redirects, is_redirect
from groundswell.platform import problems
from groundswell.platform.body_bounds import KIB, BodyBounds
from groundswell.platform.cannot_start import CannotStart
from groundswell.platform.database import Database
from groundswell.platform.head_requests import HeadRequests
from groundswell.platform.host_check import HostCheck
from groundswell.platform.jobs import forget_ended, rescue_stalled
from groundswell.platform.problems import NotFound, Problem, problem_response
from groundswell.platform.repeat import repeat, repeating
from groundswell.platform.response_headers import ResponseHeaders
from groundswell.platform.routing import AuditTrail, Principals
from groundswell.platform.runtime import Runtime, open_runtime
from groundswell.platform.services import Services, install, services_of
from groundswell.platform.settings import Settings
from groundswell.platform.telemetry import LAKE_LAG, Observed
from groundswell.platform.trusted_clock import time_to_destroy
from groundswell.platform.visitor_addresses import VisitorAddresses

from . import features, openapi, pages
from .admission import Admission
from .early_refusal import EarlyRefusals
from .request_classes import is_link
from .route_powers import every_route
from .viewer import landing_cache

log = structlog.get_logger(__name__)

RESCUE_INTERVAL_S = 10
FORGET_INTERVAL_S = 3600
WORKER_RESTART_S = 1.0


class Application(FastAPI):
    """FastAPI, with the redirect and visitors' landing pages before everything that it does."""

    refusal: CannotStart | None = None
    """Why it could not start."""

    early: EarlyRefusals | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await super().__call__(scope, receive, self._without_traceback(send))
        elif scope["type"] == "http" and (refusal := self._not_for_us(scope)) is not None:
            await problem_response(refusal)(scope, receive, send)
        elif scope["type"] == "http" and self.has_visitors(scope) and self.answer_at_once(scope) is not None:
            await self.answer(scope, receive, send)  # needs no place, whatever server we run under
        elif scope["type"] == "http":
            await self._admit(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        services = services_of(self)
        try:
            held = services.get(BodyBounds).held(scope, receive)
        except Problem as refusal:
            await problem_response(refusal)(scope, receive, send)
        else:
            await services.get(Admission)({**scope, "app": self}, held, send)

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that is let in."""
        if is_redirect(scope):
            await services_of(self).get(Redirects)(scope, receive, send)
        elif not await landing_cache.send_kept(services_of(self), scope, receive, send):
            await super().__call__(scope, receive, send)

    def _without_traceback(self, send: Send) -> Send:
        """``send``, with a refusal's own words for the traceback that starlette sends."""

        async def send_words(message: Message) -> None:
            if message["type"] == "lifespan.startup.failed" and self.refusal is not None:
                message["message"] = f"{self.refusal.code}: {self.refusal}"
            await send(message)

        return send_words

    def has_visitors(self, scope: Scope) -> bool:
        """Whether ``answer_at_once`` may know an answer to an HTTP request, and may give it."""
        return is_link(scope["path"]) and self.has_room(scope)

    def has_room(self, scope: Scope) -> bool:
        """Whether a visitor's request is for us, and may be answered without a place."""
        services = services_of(self)
        return services.get(HostCheck).passes(scope) and not services.get(Admission).links.is_full()

    def spent(self, seconds: float) -> None:
        """Count so many seconds of the processor that went into an answer made at once."""
        services_of(self).get(Admission).links.share.spend(seconds)

    def _not_for_us(self, scope: Scope) -> Problem | None:
        services = services_of(self)
        if scope.get("client"):
            services.get(VisitorAddresses).note(scope["client"][0])
        return services.get(HostCheck).refusal(scope)

    def refusal_at_once(self, scope: Scope) -> Response | None:
        """The refusal of a request for which there is no room; ``__call__`` gives the same, and costs more."""
        services = services_of(self)
        if not services.get(HostCheck).passes(scope):
            return None
        kind = services.get(Admission).full(scope["path"])
        return None if kind is None else pages.overloaded(kind, {**scope, "app": self})

    def refusal_unread(self, head: bytes) -> bytes | None:
        """The same as ``EarlyRefusals`` has it, for a request that was not parsed; None where that is to be done."""
        return None if self.early is None else self.early.of(head)

    def sheds(self) -> bool:
        """Whether some are refused at this time."""
        return self.early is not None and self.early.admission.sheds()

    def answer_at_once(self, scope: Scope) -> DeferredResponse | None:
        """The answer to a visitor's request when it takes nothing but a commit; ``__call__`` gives the same."""
        if is_redirect(scope):
            return services_of(self).get(Redirects).answer_at_once(scope)
        return landing_cache.answer_at_once(services_of(self), scope)

    def reaction_at_once(self, scope: Scope, body: bytes) -> ReactionAnswer | None:
        """The answer to a visitor's reaction, whose whole body is here, when it takes nothing but a commit."""
        return services_of(self).get(ReactionDoor).answer_at_once(scope, body)

    def answer_soon(self, scope: Scope, found: Found) -> bool:
        """Whether ``found`` will be called with the answer to a visitor's request that takes a look-up and a commit;
        ``__call__`` gives the same."""
        if is_redirect(scope):
            return services_of(self).get(Redirects).answer_soon(scope, found)
        return landing_cache.answer_soon(services_of(self), scope, found)

    def refuse_link(self, problem: Problem) -> ASGIApp:
        """What answers a request for a link that leads nowhere."""
        return partial(services_of(self).get(Redirects).refuse, problem)


def create_app(settings: Settings, keys: KeySource | None = None) -> FastAPI:
    """The whole service.

    Args:
        keys: viewers' signing keys when they need not be fetched (the demo service beside us).
    """
    features.load("tables")
    features.load("jobs")
    features.load("erasure")
    services = Services(settings)
    services.add(Principals(principal_of, require_still))
    services.add(AuditTrail(audit.record, audit.refused))
    services.add(TokenVerifier(settings, keys))
    services.add(StaffProviders(settings))
    services.add(HostCheck(settings))
    services.add(VisitorAddresses())

    @asynccontextmanager
    async def lifespan(app: Application) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            try:
                await start(services, stack)
            except CannotStart as error:
                app.refusal = error
                raise
            yield

    app = Application(
        title="Groundswell",
        version=__version__,
        summary="Moments for any streaming service.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    install(app, services)
    app.add_middleware(HeadRequests)
    app.add_middleware(ResponseHeaders, hsts_s=settings.hsts_s)
    app.add_middleware(Observed)
    if settings.component_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.component_origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key"],
            expose_headers=["Retry-After"],
        )
    problems.install(app)
    app.router.routes.extend(api_routes())
    app.router.routes.extend(health.routes)
    openapi.describe(app)
    openapi.serve(app, "/v1/openapi.json", "/v1/docs")
    pages.install(app)
    services.add(BodyBounds(settings.body_max_kb * KIB, every_route(app.router)))
    admission = Admission(app.answer, settings, pages.refuse)
    services.add(admission)
    app.early = EarlyRefusals(app, admission, services.get(HostCheck))
    return app


async def start(services: Services, stack: AsyncExitStack) -> None:
    """Open what the application holds, and begin what it does by itself, until ``stack`` is closed.

    Raises:
        CannotStart: it cannot, and says why.
    """
    runtime = await stack.enter_async_context(open_runtime(services.settings))
    services.add(runtime)
    services.add(runtime.database)
    for module in features.load("lifespan"):
        await stack.enter_async_context(module.lifespan(services))
    landing_cache.install(services)
    await stack.enter_async_context(services.get(Admission).watching())
    if services.settings.worker_in_server:
        await stack.enter_async_context(background_worker(runtime))


@cache
def api_routes() -> list[BaseRoute]:
    """The API's routes, worked out once for every application of this process."""
    return [route for module in features.load("api") for route in every_route(module.router)]


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
    """Run background jobs until cancelled; survives a restart of the database, under which the worker gives up."""

    async def work() -> None:
        await runtime.jobs.run_worker_async(install_signal_handlers=False)

    async with (
        repeating("jobs.rescue", RESCUE_INTERVAL_S, lambda: rescue_stalled(runtime.jobs)),
        repeating("jobs.forget", FORGET_INTERVAL_S, lambda: forget_ended_jobs(runtime), at_once=False),
    ):
        await repeat("jobs.work", WORKER_RESTART_S, work)


async def forget_ended_jobs(runtime: Runtime) -> None:
    """Drop the jobs that ended long ago, where the time can be trusted."""
    if (now := await time_to_destroy(runtime.database, "ended jobs")) is not None:
        await forget_ended(runtime.jobs, now)


class Readiness(BaseModel):
    """What ``/readyz`` answers."""

    status: str = "ready"
    version: str = __version__
    lake_lag_s: float


health = APIRouter(tags=["operations"])
"""Liveness, readiness and metrics, for whatever runs us."""


@health.get("/healthz")
async def alive() -> dict[str, str]:
    """This process answers. It does not ask the database, whose absence a restart would not mend."""
    return {"status": "ok", "version": __version__}


@health.get("/readyz")
async def ready(request: Request) -> Readiness:
    """This process can serve: its database answers (503 otherwise). `lake_lag_s`: how long the oldest event,
    verdict or credit that reports do not count yet has waited; more than a minute is too long."""
    async with services_of(request).database.sessions() as session:
        return Readiness(lake_lag_s=(await lake_lag(session)).total_seconds())


@health.get("/metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    if not may_read_metrics(services_of(request).settings, request):
        raise NotFound()
    LAKE_LAG.set(await _lake_lag_s(services_of(request).database))
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _lake_lag_s(database: Database) -> float:
    """Not a number while the database is away: the other metrics are wanted then."""
    try:
        async with database.sessions() as session:
            return (await lake_lag(session)).total_seconds()
    except (SQLAlchemyError, OSError):
        return math.nan


FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


def may_read_metrics(settings: Settings, request: Request) -> bool:
    """Whether whoever asks may read how we are: with the key for it, or, where there is none, from this machine."""
    if settings.metrics_key is not None:
        wanted = f"Bearer {settings.metrics_key.get_secret_value()}"
        return hmac.compare_digest(request.headers.get("authorization", "").encode(), wanted.encode())
    here = request.client is not None and request.client.host in {"127.0.0.1", "::1"}
    return here and not any(name in request.headers for name in FORWARDED)
