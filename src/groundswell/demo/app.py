"""The whole demonstration: Groundswell, and beside it the streaming service Lumen with its own identity provider."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from groundswell.platform.settings import Settings
from groundswell.web.app import create_app
from groundswell.web.templating import add_templates

from . import (
    accounts_pages,
    pages,
    tables,  # noqa: F401 - the demo's tables are made with all the others
)
from .identity import IdentityProvider
from .reporting import reporter

TEMPLATES = Path(__file__).parent / "templates"


def create_demo_app(settings: Settings) -> FastAPI:
    """The service with the demo service's pages, its billing and its published keys."""
    identity = IdentityProvider(settings)
    add_templates(TEMPLATES)
    app = create_app(settings, identity)
    app.state.identity = identity
    app.include_router(pages.router, include_in_schema=False)
    app.include_router(accounts_pages.router, include_in_schema=False)

    @app.get("/demo/.well-known/jwks.json", include_in_schema=False)
    async def keys() -> dict[str, Any]:
        """The public keys with which viewers' tokens are verified."""
        return identity.jwks()

    app.router.lifespan_context = _with_reporter(app)
    return app


def _with_reporter(app: FastAPI) -> Any:
    whole = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(started: FastAPI) -> AsyncIterator[Any]:
        async with whole(started) as state:
            async with reporter(started.state.runtime) as reporting:
                started.state.reporter = reporting
                yield state

    return lifespan
