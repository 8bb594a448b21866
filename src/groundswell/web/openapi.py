"""The OpenAPI document: what FastAPI reads from the routes, and what holds for all of them.

What holds for one route (keys, roles, scopes) is added where routes are made, in ``platform/describing.py``.
"""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from fastapi import FastAPI, Response
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.staticfiles import StaticFiles

DESCRIPTION = """
One loop: **watch → clip → share → visit → subscribe**. Viewers come with the streaming service's own JWT, its back end
with a service key (`groundswell keys create NAME --scope SCOPE`).

- Every refusal is an RFC 9457 problem document (`application/problem+json`): programs read `code`, people `detail`.
- Every POST may carry an `Idempotency-Key`: repeated with it, the request is done once and answered alike.
- Lists are pages: pass `next` of one page as `cursor` of the following one. Cursors are opaque.
- Media time is in integer microseconds, money in integer minor units of a currency, instants are RFC 3339 with a zone.
"""

TAGS = {
    "accounts": "Who is asking.",
    "catalog": "Titles, their lines and media, and the rules for clipping them.",
    "trust": "Decisions, reports, and what the rules allow.",
    "moments": "Viewers' clips.",
    "media": "What plays: the media of moments.",
    "shares": "Links by which moments are sent, each with its parent, root and generation.",
    "links": "What goes with a share link.",
    "events": "What happened.",
    "attribution": "Conversions that the service reports, and being forgotten.",
    "reports": "How well the loop turns.",
    "experiments": "Experiments and what they found.",
    "discovery": "What is catching on.",
    "creators": "Creators' profiles and results.",
    "campaigns": "Campaigns, each with the rule by which its credit is reckoned, and what they brought.",
    "earnings": "Pools, statements, payouts and the ledger.",
    "operations": "For whatever runs this service.",
}

PROBLEM = {
    "title": "Problem",
    "description": "Why not (RFC 9457).",
    "type": "object",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string", "description": "Where the reason code is explained."},
        "title": {"type": "string", "description": "What this kind of refusal is."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "code": {"type": "string", "description": "The reason code, for programs."},
        "detail": {"type": "string", "description": "What is wrong this time, for a person."},
        "fields": {
            "type": "array",
            "description": "Which fields are not acceptable.",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("field", "code", "detail")},
            },
        },
    },
}

SECURITY = {
    "viewer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The streaming service's token of the viewer; its `roles` claim makes staff.",
    },
    "service": {"type": "http", "scheme": "bearer", "description": "A service key, `gsk_…`, with scopes."},
}

KINDS = {
    ".jpg": "image/jpeg",
    ".m3u8": "application/vnd.apple.mpegurl",
    ".mp4": "video/mp4",
    ".svg": "image/svg+xml",
    ".vtt": "text/vtt",
}
"""What a path with such an ending answers."""

LATER = {
    "description": "Still being made, or briefly away; `Retry-After` says when to ask again.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}

REFUSED = {
    "description": "Refused; `code` says why.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def describe(app: FastAPI) -> None:
    """Complete the document of ``app`` when it is first asked for."""
    app.description, app.openapi_tags = DESCRIPTION, [{"name": k, "description": v} for k, v in TAGS.items()]
    bare = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            complete(bare())
        return bare()

    app.openapi = openapi  # type: ignore[method-assign]


def serve(app: FastAPI, path: str) -> None:
    """The document as a page at ``path``, whose script and style come from here too: nothing is asked of the net."""
    files = f"{path}/files"
    app.mount(files, StaticFiles(packages=[("fastapi_offline", "static")]), name="openapi-page")
    shown = get_swagger_ui_html(
        openapi_url=str(app.openapi_url),
        title=f"{app.title}: HTTP API",
        swagger_js_url=f"{files}/swagger-ui-bundle.js",
        swagger_css_url=f"{files}/swagger-ui.css",
        swagger_favicon_url="/static/icon.svg",
    )

    @app.get(path, include_in_schema=False)
    async def described() -> Response:
        return shown


def complete(document: dict[str, Any]) -> None:
    """Add to ``document`` the refusals, and the two ways of saying who asks."""
    components = document["components"]
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    components["schemas"]["Problem"], components["securitySchemes"] = PROBLEM, SECURITY
    for path, operation in _operations(document):
        answers = operation["responses"]
        answers.pop("422", None)
        answers |= {"4XX": REFUSED, "503": LATER}
        if kind := KINDS.get(PurePosixPath(path).suffix):
            answers["200"]["content"] = {kind: {}}


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        yield from ((path, operation) for operation in methods.values() if isinstance(operation, dict))
