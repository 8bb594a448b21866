"""The preview lab: a link of ours as it will look where it is pasted, and every limit it breaks."""

from typing import Annotated, Any
from urllib.parse import urlsplit

import httpx
from fastapi import APIRouter, Depends, Request, Response

from groundswell.accounts.access import Caller
from groundswell.events.traffic.own import own_headers
from groundswell.platform.problems import Invalid, Problem
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.platform.settings import Settings
from groundswell.shares.listing import newest_links
from groundswell.shares.preview.assessment import Preview
from groundswell.shares.preview.fetcher import Fetcher, only_at, origin_of
from groundswell.shares.preview.lab import Lab
from groundswell.shares.preview.targets import TARGETS
from groundswell.web.templating import page

from .shell import ConsoleRoute, staff_page

router = APIRouter(prefix="/console/previews", route_class=ConsoleRoute)

NEWEST = 5

Staff = Annotated[Caller, Depends(staff_page("previews.run"))]


class NotOurs(Problem):
    status, code, title = 422, "url_not_ours", "The lab looks at this service's own pages only."


@router.get("")
async def lab(request: Request, session: DbSession, caller: Staff, url: str = "") -> Response:
    """Look at one of our pages as every place would."""
    previews, problem = [], None
    asked = url.strip()
    if asked:
        try:
            previews = await look(request, address_of(services_of(request).settings, asked))
        except Problem as refused:
            problem = refused
    context: dict[str, Any] = {"url": asked, "previews": previews, "problem": problem, "shown": shown_address}
    context["newest"] = [] if previews else await newest_links(session, services_of(request).settings, NEWEST)
    return page(request, "console/previews.html", status=problem.status if problem else 200, caller=caller, **context)


def address_of(settings: Settings, typed: str) -> str:
    """What was typed as an address of ours: whole, or its path alone.

    Raises:
        NotOurs: it is another host's, or not an address.
    """
    base = settings.base_url.rstrip("/")
    address = base + typed if typed.startswith("/") and not typed.startswith("//") else typed
    if len(address) > 2000:
        raise Invalid("An address has at most 2,000 characters.")
    if origin_of(address) != origin_of(base):
        raise NotOurs(f"Only addresses that begin with {base} are looked at here.")
    return address


async def look(request: Request, address: str) -> list[Preview]:
    """The previews of a page of ours. It is asked for inside this process: nothing goes out over the network, so no
    address that anybody types, and no redirect, leads anywhere else."""
    settings: Settings = services_of(request).settings
    transport = httpx.ASGITransport(request.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, headers=own_headers(settings.secret)) as client:
        return await Lab(Fetcher(client, only_at(settings.base_url))).look(address, TARGETS.values())


def shown_address(url: str, base_url: str) -> str:
    """A picture's or film's address for our own page: its path, where it is ours; empty elsewhere."""
    if origin_of(url) != origin_of(base_url):
        return ""
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")
