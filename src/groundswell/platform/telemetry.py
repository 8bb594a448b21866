"""Structured logs and Prometheus metrics."""

import asyncio
import logging
import sys
import time

import structlog
from prometheus_client import Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .ids import random_code
from .settings import Settings

REQUESTS = Counter("groundswell_http_requests", "HTTP requests answered.", ["method", "route", "status"])
LATENCY = Histogram("groundswell_http_seconds", "Seconds from request to answer.", ["route"])
EVENTS = Counter("groundswell_events", "Events committed to the log.", ["kind"])
LAKE_LAG = Gauge("groundswell_lake_lag_seconds", "Seconds that the oldest row not in the lake has waited.")
RENDERS = Counter("groundswell_renders", "Renditions made.", ["profile", "outcome"])

log = structlog.get_logger(__name__)


class Observed:
    """ASGI middleware: counts and times requests by route, and gives each an id for the logs (``X-Request-ID``)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id, status, began = random_code(12), 500, time.perf_counter()
        scope["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, send_with_id)
            except asyncio.CancelledError:
                status = 503  # its deadline was over
                raise
            except Exception:
                log.exception("request_failed", method=scope["method"], path=scope["path"])
                raise
            finally:
                route = getattr(scope.get("route"), "path", "unmatched")
                REQUESTS.labels(scope["method"], route, status).inc()
                LATENCY.labels(route).observe(time.perf_counter() - began)


def configure_logging(settings: Settings) -> None:
    """One line an event on standard error: for people (`console`) or for machines (`json`)."""
    renderer = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            exception_formatter=structlog.dev.plain_traceback,  # the rich one prints locals, tokens among them
        )
    )
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)
