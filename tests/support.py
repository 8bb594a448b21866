"""Shared by tests: a started application and the people who use it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import httpx
from fastapi import FastAPI
from sqlalchemy import text

from groundswell.accounts import sessions
from groundswell.accounts.access import COOKIE, viewer_of
from groundswell.accounts.keys import make_key
from groundswell.accounts.tokens import TokenVerifier
from groundswell.demo.identity import IdentityProvider
from groundswell.platform import signals
from groundswell.platform.runtime import Runtime
from groundswell.platform.services import Services, services_of
from groundswell.platform.settings import Settings
from groundswell.web.admission import Admission
from groundswell.web.app import create_app
from tests.databases import Databases

S = TypeVar("S")


async def say_whence(request: httpx.Request) -> None:
    """Say, as browsers do, that a request with a cookie comes from one of our own pages, unless it says otherwise."""
    if "cookie" in request.headers and not {"origin", "sec-fetch-site"} & set(request.headers):
        request.headers["Sec-Fetch-Site"] = "same-origin"


AS_BROWSERS = {"request": [say_whence]}


@dataclass(frozen=True)
class App:
    """A started application, an HTTP client for it, and the identity provider that it trusts."""

    asgi: FastAPI
    runtime: Runtime
    http: httpx.AsyncClient
    identity: IdentityProvider

    @property
    def services(self) -> Services:
        """What the application holds."""
        return services_of(self.asgi)

    def signed_in(self, subject: str = "ada", *roles: str, name: str | None = None) -> dict[str, str]:
        """Headers of a signed-in viewer with staff ``roles``."""
        token = self.identity.token(subject, name or subject.title(), roles=roles)
        return {"Authorization": f"Bearer {token}"}

    def as_told(self, subject: str = "ada", **claims: Any) -> dict[str, str]:
        """Headers of a viewer of whom the service says more (``territory``, ``kids``, ``titles``)."""
        return {"Authorization": f"Bearer {self.identity.token(subject, subject.title(), **claims)}"}

    async def session(self, subject: str = "ada", *roles: str, name: str | None = None) -> dict[str, str]:
        """The cookie header of a browser in which a viewer with staff ``roles`` has signed in."""
        token = self.identity.token(subject, name or subject.title(), roles=roles)
        claims = self.services.get(TokenVerifier).verify(token)
        async with self.runtime.database.transaction() as session:
            viewer = await viewer_of(session, claims)
            await session.flush()
            return {"Cookie": f"{COOKIE}={await sessions.begin(session, self.runtime.settings, viewer, claims)}"}

    def another_browser(self, cookies: httpx.Cookies | None = None) -> httpx.AsyncClient:
        """A browser that has never been here, or a copy of one."""
        transport = httpx.ASGITransport(self.asgi)
        return httpx.AsyncClient(transport=transport, base_url="http://test", cookies=cookies, event_hooks=AS_BROWSERS)

    def serve_titles(self) -> None:
        """Let whole titles be served from here, to entitled viewers."""
        self.runtime.settings.title_media = "entitled"

    def queue_all(self) -> None:
        """Once something has been asked for: let all wait in line, however many come at once."""
        for line in self.services.get(Admission).lines.values():
            line.longest, line.wait_s = 1_000, 60

    async def service_key(self, *scopes: str) -> dict[str, str]:
        """Headers of a service with ``scopes``."""
        async with self.runtime.database.transaction() as session:
            return {"Authorization": f"Bearer {await make_key(session, 'test', list(scopes))}"}

    async def run_jobs(self) -> None:
        """Run every job that waits, and those that these queue, then return."""
        due = text(
            "SELECT EXISTS (SELECT FROM procrastinate_jobs"
            " WHERE status = 'todo' AND coalesce(scheduled_at, now()) <= now())"
        )
        waits: bool | None = True
        while waits:
            await self.runtime.jobs.run_worker_async(wait=False, install_signal_handlers=False)
            async with self.runtime.database.transaction() as session:
                waits = await session.scalar(due)


@asynccontextmanager
async def started(settings: Settings) -> AsyncIterator[App]:
    """The whole application, started, spoken to over ASGI; tokens come from the demo's identity provider."""
    identity = IdentityProvider(settings)
    application = create_app(settings, identity)
    transport = httpx.ASGITransport(application)
    async with (
        application.router.lifespan_context(application),
        httpx.AsyncClient(transport=transport, base_url="http://test", event_hooks=AS_BROWSERS) as http,
    ):
        yield App(application, services_of(application).runtime, http, identity)


@asynccontextmanager
async def own_app(databases: Databases, folder: Path) -> AsyncIterator[App]:
    """A started application on a database of its own, for many tests: what all of them only read is made once."""
    name = databases.take()
    async with started(settings_at(databases.server.url(name), folder)) as app:
        yield app
    databases.drop(name)


def settings_at(database_url: str, folder: Path) -> Settings:
    """Settings of a test application, with its data in ``folder``."""
    return _plain_settings().model_copy(update={"data_dir": folder / "data", "database_url": database_url}, deep=True)


@cache
def _plain_settings() -> Settings:
    """Settings without a place: reading them takes as long as many a test."""
    return Settings(
        worker_in_server=False,
        base_url="http://test",
        refund_window_days=0,
        trending_people_min=0,  # worlds of tests are small
        trending_networks_min=0,
        heatmap_people_min=0,
        admission_wait_ms=60_000,  # a machine busy with other tests sheds nothing
        request_deadline_s=600,
        changes_per_minute=1_000_000,  # a few people walk through everything
        changes_per_day=1_000_000,
        reports_in_processes=False,  # by the same way, without the seconds that each takes to start
        reports_deadline_s=600,
        reports_fresh_s=0,  # a test sees what it has just done
    )


@contextmanager
def hearing(signal: type[S]) -> Iterator[list[S]]:
    """What signals of one type are sent within the block; sent ones whose transaction fails are among them."""
    heard: list[S] = []

    async def hear(session: object, sent: S) -> None:
        heard.append(sent)

    signals.on(signal)(hear)
    try:
        yield heard
    finally:
        signals._subscribers[signal].remove(hear)
