"""The whole demonstration: Groundswell, and beside it the streaming service Lumen with its own identity provider."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from groundswell.platform.services import services_of
from groundswell.platform.settings import Settings
from groundswell.web.app import create_app
from groundswell.web.templating import add_templates

from . import accounts_pages, pages
from .identity import IdentityProvider
from .openid import DemoProvider
from .reporter import reporter
from .tables import create_tables

TEMPLATES = Path(__file__).parent / "templates"


def create_demo_app(settings: Settings) -> FastAPI:
    """The service with the demo service's pages, its billing and its published keys."""
    if "title_media" not in settings.model_fields_set:
        settings = settings.model_copy(update={"title_media": "entitled"})
    if not settings.hand_over_unasked:  # one link signs in as one of the demo's people
        settings = settings.model_copy(update={"hand_over_unasked": True})
    identity = IdentityProvider(settings)
    add_templates(TEMPLATES)
    app = create_app(settings, identity)
    services_of(app).add(identity)
    if not settings.staff_issuers:
        provider = DemoProvider(settings, identity)
        services_of(app).add(provider.providers(settings))
        app.router.routes.extend(provider.routes())
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
            await create_tables(services_of(app).database)
            async with reporter(services_of(app).runtime) as reporting:
                services_of(app).add(reporting)
                yield state

    return lifespan
