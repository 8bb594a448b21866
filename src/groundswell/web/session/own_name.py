"""The one name under which people sign in: cookies of ``localhost`` do not come to ``127.0.0.1``."""

from urllib.parse import urlsplit

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from groundswell.platform.addresses import LOOPBACK
from groundswell.platform.settings import Settings


def under_our_name(settings: Settings, request: Request) -> Response | None:
    """On to the same page under the name of the base address, where the browser calls this machine otherwise."""
    base, asked = urlsplit(settings.base_url).hostname, request.url.hostname
    if asked == base or asked not in LOOPBACK or base not in LOOPBACK:
        return None
    return RedirectResponse(f"{settings.base_url.rstrip('/')}{request.url.path}?{request.url.query}", 307)
