"""Discover: the scenes that are catching on."""

from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from groundswell.catalog.titles import find_title
from groundswell.discovery.feed import Only
from groundswell.discovery.ranking import Gate
from groundswell.moments.availability import Audience
from groundswell.platform.clock import utc_now
from groundswell.platform.pages import Cursor
from groundswell.platform.problems import Problem
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.web.languages import marked
from groundswell.web.page_auth import MaybeViewer
from groundswell.web.page_route import PageRoute
from groundswell.web.templating import page

from .scenes import Scenes, SceneView, scenes

router = APIRouter(route_class=PageRoute)

PAGE_SIZE = 24
PERIODS = {
    "": marked("At any time"),
    "1": marked("Today"),
    "7": marked("In the last 7 days"),
    "30": marked("In the last 30 days"),
}
"""By days."""

Text = Annotated[str, Query(max_length=200)]


@router.get("/discover")
async def discover(
    request: Request,
    session: DbSession,
    caller: MaybeViewer,
    cursor: Cursor = None,
    after: int = 0,
    q: Text = "",
    title: Text = "",
    since: Text = "",
) -> Response:
    """Scenes by heat, narrowed by the form above them; ``after`` is how many came before this page, so that ranks go
    on."""
    narrowed = {"q": q.strip(), "title": title, "since": since if since in PERIODS else ""}
    begin = utc_now() - timedelta(days=int(narrowed["since"])) if narrowed["since"] else None
    only = Only(narrowed["q"], begin)
    here = Audience.of(caller, request)
    try:
        named = await find_title(session, title) if title else None
    except Problem:
        named, narrowed["title"] = None, ""
    title_id = named.id if named else None
    gate = Gate.of(services_of(request).settings)
    found = await scenes(session, caller, here, gate, cursor=cursor, limit=PAGE_SIZE, title_id=title_id, only=only)
    first = max(0, min(after, 10_000))
    shown: dict[str, Any] = {
        "items": found.items,
        "first": first,
        "next": _next(found, narrowed, first),
        "narrowed": narrowed,
        "narrow": any(narrowed.values()),
        "titles": _titles(found.items),
        "people": _people(found.items),
        "periods": PERIODS,
    }
    return page(request, "viewer/discover.html", caller=caller, **shown)


def _next(found: Scenes, narrowed: dict[str, str], first: int) -> str | None:
    if found.found.next is None:
        return None
    on = {"cursor": found.found.next, "after": str(first + len(found.items))}
    return f"/discover?{urlencode({name: value for name, value in (narrowed | on).items() if value})}"


def _titles(items: list[SceneView]) -> list[tuple[str, str]]:
    """Slug and name of the titles on the page, by name."""
    return sorted({(each.out.title.slug, each.out.title.name) for each in items}, key=lambda title: title[1])


def _people(items: list[SceneView]) -> list[tuple[str, str]]:
    """Handle and name of the creators on the page, in its order."""
    named = [(each.handle, each.out.best.by) for each in items if each.handle and each.out.best.by]
    return list(dict.fromkeys(named))
