"""Rendering pages: Jinja with everything escaped, built assets by their source's name, and the headers pages carry."""

import json
from collections.abc import Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from groundswell.accounts.access import Caller
from groundswell.accounts.person_names import PersonNames
from groundswell.catalog.watch_address import watch_address
from groundswell.platform.services import services_of
from groundswell.platform.settings import Settings

from . import languages, wording
from .navigation import navigation

HERE = Path(__file__).parent
STATIC = HERE / "static"
MANIFEST = STATIC / "dist" / "manifest.json"

# Everything comes from this service itself; no inline script or style runs, so an escaped mistake stays text.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors {ancestors}"
)


class AssetsNotBuilt(RuntimeError):
    """The web components have not been built."""


def _manifest() -> dict[str, Any]:
    """What was built; read again after another build."""
    try:
        return _read_manifest(MANIFEST.stat().st_mtime_ns)
    except FileNotFoundError:
        raise AssetsNotBuilt("The pages' scripts and styles are not built: run `make setup`.") from None


@lru_cache(maxsize=1)
def _read_manifest(written_ns: int) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(MANIFEST.read_text())
    return manifest


def asset(name: str) -> str:
    """The address of a built file, by its source's path under ``elements/src`` (``styles/viewer.css``).

    Raises:
        AssetsNotBuilt: ``make setup`` has not run.
        KeyError: there is no such entry.
    """
    return f"/static/dist/{_manifest()['elements/src/' + name]['file']}"


def font() -> str:
    """The address of the Latin text font, which pages preload."""
    files: list[str] = _manifest()["elements/src/styles/base.css"]["assets"]
    return "/static/dist/" + next(file for file in files if "latin-wght" in file)


def module_preloads(name: str) -> list[str]:
    """Addresses of the chunks that a built script imports, so that the browser can fetch them at once."""
    entry = _manifest()["elements/src/" + name]
    return ["/static/dist/" + _manifest()[chunk]["file"] for chunk in entry.get("imports", [])]


def _environment() -> Environment:
    environment = Environment(
        extensions=["jinja2.ext.i18n"],
        loader=ChoiceLoader([FileSystemLoader(HERE / "templates")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(asset=asset, font=font, module_preloads=module_preloads, navigation=navigation)
    environment.filters.update(wording.FILTERS)
    install = environment.install_gettext_callables  # type: ignore[attr-defined]
    install(languages.gettext, languages.ngettext, newstyle=True)
    return environment


environment = _environment()


def add_templates(folder: Path) -> None:
    """Find templates in ``folder`` too (the demo service has pages of its own)."""
    loader = environment.loader
    assert isinstance(loader, ChoiceLoader)
    if not any(isinstance(known, FileSystemLoader) and str(folder) in known.searchpath for known in loader.loaders):
        loader.loaders = [*loader.loaders, FileSystemLoader(folder)]


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    frame_ancestors: str = "'none'",
    headers: Mapping[str, str] | None = None,
    **context: Any,
) -> HTMLResponse:
    """A rendered page.

    Args:
        frame_ancestors: who may frame it, as in Content-Security-Policy.
        context: what the template shows; ``caller`` (a ``Caller`` or None) fills the bar at the top.

    Staff's pages are in English; all others speak the language of whoever reads them. Instants are told in the time
    zone that the request's state names (``zone``), by default the service's.
    """
    settings: Settings = services_of(request).settings
    shared: dict[str, Any] = {
        "caller": None,
        "service_name": settings.service_name,
        "service_home": settings.service_home,
        "comments_open": settings.comments != "off",
        "watch_url": partial(watch_address, settings),
        "base_url": settings.base_url.rstrip("/"),
        "path": request.url.path,
        "here": here(request),
        "in_language": partial(in_language, request),
        "outward_feeds": settings.outward_feeds,
        "lake_lag": wording.lateness(getattr(request.state, "lake_lag", None)),
    }
    caller: Caller | None = context.get("caller")
    roles = frozenset[str]() if caller is None else caller.roles
    shared["person"] = PersonNames.for_roles(roles, settings.secret).of
    language = page_language(request, context.get("caller")) if template.startswith(TRANSLATED) else languages.DEFAULT
    zone: str = getattr(request.state, "zone", settings.time_zone)
    shared |= {
        "zone": zone,
        "language": language,
        "direction": languages.direction(language),
        "languages": languages.LANGUAGES,
    }
    with languages.speaking(language), wording.reading_in(zone):
        html = environment.get_template(template).render(shared | context)
    answer = HTMLResponse(html, status, secured(frame_ancestors) | dict(headers or {}))
    answer.headers["Content-Language"] = language
    if template.startswith(TRANSLATED) and languages.known(request.query_params.get("lang")):
        answer.set_cookie(languages.COOKIE, language, max_age=languages.COOKIE_AGE_S, path="/", samesite="lax")
    return answer


def here(request: Request) -> str:
    """The page's own path and query, to come back to; without the query where the page is kept for others."""
    query = urlencode(_asked(request))
    return f"{request.url.path}?{query}" if query else request.url.path


def in_language(request: Request, language: str) -> str:
    """The query that leads to the same page in another language."""
    return "?" + urlencode([*_asked(request), ("lang", language)])


def _asked(request: Request) -> list[tuple[str, str]]:
    if request.url.path.startswith(KEPT):
        return []
    return [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]


KEPT = "/s/"
"""Where pages are made once for many (``viewer/landing_cache.py``)."""

TRANSLATED = ("viewer/", "session/", "demo/", "refused.html", "creator/public.html")
"""What the templates that viewers may meet begin with."""


def page_language(request: Request, caller: Caller | None) -> str:
    """The language in which whoever asks reads."""
    account = None if caller is None else caller.language
    accepted = request.headers.get("accept-language", "")
    return languages.language_of(request.query_params, request.cookies, account, accepted)


def secured(frame_ancestors: str = "'none'") -> dict[str, str]:
    """The headers of every page. Pages differ by who asks, so no shared cache may keep one."""
    return {
        "Content-Security-Policy": POLICY.format(ancestors=frame_ancestors),
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "X-Content-Type-Options": "nosniff",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        "Cache-Control": "private, no-cache",
    }


class BuiltFiles(StaticFiles):
    """Static files. Names in ``dist/`` carry a hash of their content, so a browser may keep those for good; scripts
    and styles lie there compressed too, for whoever takes that."""

    def file_response(self, full_path: Any, stat_result: Any, scope: Scope, status_code: int = 200) -> Response:
        path, compressed = Path(full_path), Path(f"{full_path}.gz")
        built = path.parent.name == "dist" and path.name != "manifest.json"
        zipped = built and "gzip" in Headers(scope=scope).get("accept-encoding", "") and compressed.is_file()
        if zipped:
            response = super().file_response(compressed, compressed.stat(), scope, status_code)
            response.headers["Content-Encoding"] = "gzip"
            response.headers["Content-Type"] = MEDIA_TYPES[path.suffix]
        else:
            response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if built else "public, max-age=300"
        response.headers["X-Content-Type-Options"] = "nosniff"
        if built:
            response.headers["Vary"] = "Accept-Encoding"
        return response


MEDIA_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
