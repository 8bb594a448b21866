"""The OpenAPI document: what FastAPI reads from the routes, and what holds for all of them.

What holds for one route (keys, roles, scopes) is added where routes are made, in ``platform/openapi_security.py``.
"""

import asyncio
import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.staticfiles import StaticFiles

from .features import products
from .openapi_examples import with_examples
from .reason_codes import reason_codes

DESCRIPTION = """
One loop: **watch → clip → share → visit → subscribe**. Viewers come with the streaming service's own JWT, its back end
with a service key (`groundswell keys create NAME --scope SCOPE`).

- Every refusal is an RFC 9457 problem document (`application/problem+json`): programs read `code`, people `detail`.
- Every POST may carry an `Idempotency-Key`: repeated with it, the request is done once and answered alike.
- Lists are pages: pass `next` of one page as `cursor` of the following one. Cursors are opaque.
- Media time is in integer microseconds, money in integer minor units of a currency, instants are RFC 3339 with a zone.
"""

OPERATIONS = {"operations": "For whatever runs this service."}
"""The tag of what no feature serves."""

PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "description": "Why not (RFC 9457).",
    "type": "object",
    "required": ["type", "title", "status", "code"],
    "examples": [
        {
            "type": "https://moments.example/reasons#viewer_total_reached",
            "title": "This clip is not allowed.",
            "status": 403,
            "code": "viewer_total_reached",
            "detail": "By default one person may clip 2:00 of this title in all; you have clipped 1:50.",
        }
    ],
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

LICENSE = {"name": "Apache-2.0", "identifier": "Apache-2.0"}

_PLACE = re.compile(r"\{(\w+)\}")

REFUSED = {
    "description": "Refused; `code` says why.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def describe(app: FastAPI) -> None:
    """Complete the document of ``app`` when it is first asked for."""
    app.description, app.openapi_tags = DESCRIPTION, [{"name": k, "description": v} for k, v in tags().items()]
    bare = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            complete(bare())
        return bare()

    app.openapi = openapi  # type: ignore[method-assign]


def tags() -> dict[str, str]:
    """Every tag with its sentence: the features', then ours."""
    return {name: words for feature in products().values() for name, words in feature.tags.items()} | OPERATIONS


def serve(app: FastAPI, document: str, path: str) -> None:
    """The document at ``document``, and as a page at ``path``, whose script and style come from here too: nothing is
    asked of the net. Anybody may ask for it, and it is large: it is written once."""
    files = f"{path}/files"
    written = WrittenOnce(app)
    app.mount(files, StaticFiles(packages=[("fastapi_offline", "static")]), name="openapi-page")
    shown = get_swagger_ui_html(
        openapi_url=document,
        title=f"{app.title}: HTTP API",
        swagger_js_url=f"{files}/swagger-ui-bundle.js",
        swagger_css_url=f"{files}/swagger-ui.css",
        swagger_favicon_url="/static/icon.svg",
    )

    shown.headers["Content-Security-Policy"] = policy_for(bytes(shown.body).decode())

    @app.get(path, include_in_schema=False)
    async def described() -> Response:
        return shown

    @app.get(document, include_in_schema=False)
    async def openapi_document(request: Request) -> Response:
        body, etag = await written.document()
        headers = {"ETag": etag, "Cache-Control": "no-cache"}
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(body, media_type="application/json", headers=headers)


class WrittenOnce:
    """The document of ``app`` as it is sent, with its entity tag. It is made when it is first asked for, beside the
    event loop, which others need for the second that it takes."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self._made: tuple[bytes, str] | None = None
        self._making = asyncio.Lock()

    async def document(self) -> tuple[bytes, str]:
        async with self._making:
            if self._made is None:
                self._made = await asyncio.to_thread(self._write)
            return self._made

    def _write(self) -> tuple[bytes, str]:
        body = json.dumps(self.app.openapi(), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def policy_for(html: str) -> str:
    """The Content-Security-Policy of the page: its own inline script by hash, files from here, nothing else."""
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    allowed = " ".join(f"'sha256-{each}'" for each in hashes)
    return (
        f"default-src 'none'; script-src 'self' {allowed}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def complete(document: dict[str, Any]) -> None:
    """Add to ``document`` the refusals, the two ways of saying who asks, and an example of each body."""
    components = document["components"]
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    code = PROBLEM["properties"]["code"] | {"x-extensible-enum": list(reason_codes())}
    problem = PROBLEM | {"properties": PROBLEM["properties"] | {"code": code}}
    components["schemas"]["Problem"], components["securitySchemes"] = problem, SECURITY
    document["info"]["license"] = LICENSE
    document["servers"] = [{"url": "/", "description": "Where this document is."}]
    _join_paths(document["paths"])
    _name_operations(document)
    for path, operation in _operations(document):
        operation.setdefault("security", [{}])
        answers = operation["responses"]
        answers.pop("422", None)
        answers |= {"4XX": REFUSED, "503": LATER}
        if kind := KINDS.get(PurePosixPath(path).suffix):
            answers["200"]["content"] = {kind: {}}
        if (stream := answers.get("200", {}).get("content", {}).get("text/event-stream")) is not None:
            stream["schema"] = _event_with(stream["schema"]["$ref"])
    with_examples(document)


def _join_paths(paths: dict[str, Any]) -> None:
    """Make one path of those that differ by what their places are called: a place has the first one's name."""
    named: dict[str, str] = {}
    for path in list(paths):
        first = named.setdefault(_PLACE.sub("{}", path), path)
        if first != path:
            names = dict(zip(_PLACE.findall(path), _PLACE.findall(first), strict=True))
            for operation in paths[path].values():
                for parameter in operation.get("parameters", ()):
                    if parameter["in"] == "path":
                        parameter["name"] = names[parameter["name"]]
            paths[first] |= paths.pop(path)


def _name_operations(document: dict[str, Any]) -> None:
    """Call each operation as its function is called, by which clients call it; where several are called alike, they
    keep their names with the path."""
    short = {id(operation): _short(operation) for _, operation in _operations(document)}
    often = Counter(short.values())
    for _, operation in _operations(document):
        if often[name := short[id(operation)]] == 1:
            operation["operationId"] = name


def _short(operation: dict[str, Any]) -> str:
    name: str = operation["operationId"]
    return name.partition("_v1_")[0]


def _event_with(data: str) -> dict[str, Any]:
    """One of a stream's events, whose data is JSON of the schema at ``data`` (JSON Schema 2020-12, §8.5)."""
    content = {"type": "string", "contentMediaType": "application/json", "contentSchema": {"$ref": data}}
    return {"type": "object", "required": ["data"], "properties": {"data": content}}


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        yield from ((path, operation) for operation in methods.values() if isinstance(operation, dict))
