"""What phones ask before they let the service's app open share links, and what search engines may read."""

from typing import Any

from fastapi import APIRouter, Request

from groundswell.platform.problems import NotFound
from groundswell.platform.services import services_of
from groundswell.platform.settings import Settings

router = APIRouter(prefix="/.well-known")

OPENED = ("/s/*", "/m/*")
"""Which addresses the app opens."""


@router.get("/apple-app-site-association")
async def apple(request: Request) -> dict[str, Any]:
    """Universal links (developer.apple.com, "Supporting associated domains")."""
    settings: Settings = services_of(request).settings
    if not settings.apple_apps:
        raise NotFound("No Apple app opens these links.")
    paths = [{"/": path} for path in OPENED]
    return {"applinks": {"details": [{"appIDs": settings.apple_apps, "components": paths}]}}


@router.get("/assetlinks.json")
async def android(request: Request) -> list[dict[str, Any]]:
    """App links (developers.google.com, "Digital Asset Links")."""
    settings: Settings = services_of(request).settings
    if not settings.android_apps:
        raise NotFound("No Android app opens these links.")
    return [
        {
            "relation": ["delegate_permission/common.handle_all_urls"],
            "target": {"namespace": "android_app", "package_name": package, "sha256_cert_fingerprints": fingerprints},
        }
        for package, fingerprints in settings.android_apps.items()
    ]
