"""Discover: the scenes that are catching on."""

from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from groundswell.accounts.access import Caller
from groundswell.accounts.providers import followed_by_viewer
from groundswell.catalog.made import genres
from groundswell.catalog.titles import find_title
from groundswell.discovery.feed import EVERYTHING, Only
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

from .scenes import Scenes, SceneView, picked, scenes

router = APIRouter(route_class=PageRoute)

PAGE_SIZE = 24
PERIODS = {
    "": marked("At any time"),
    "1": marked("Today"),
    "7": marked("In the last 7 days"),
    "30": marked("In the last 30 days"),
}
"""By days."""

WHOSE = {
    "": marked("Everybody"),
    "here": marked("In your country"),
    "following": marked("People you follow"),
}
"""Whose votes, or whose clips, a list goes by."""

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
    genre: Text = "",
    whose: Text = "",
) -> Response:
    """Scenes by heat, narrowed by the form above them; ``after`` is how many came before this page, so that ranks go
    on."""
    here = Audience.of(caller, request)
    offered = _offered(caller, here)
    narrowed = {"q": q.strip(), "title": title, "since": since if since in PERIODS else "", "genre": genre}
    narrowed["whose"] = whose if whose in offered else ""
    begin = utc_now() - timedelta(days=int(narrowed["since"])) if narrowed["since"] else None
    only = Only(narrowed["q"], begin, genre=genre or None)
    if narrowed["whose"] == "here":
        only = replace(only, territory=here.territory)
    elif narrowed["whose"] == "following" and caller is not None:
        only = replace(only, people=await followed_by_viewer(session, caller.id))
    try:
        named = await find_title(session, title) if title else None
    except Problem:
        named, narrowed["title"] = None, ""
    title_id = named.id if named else None
    gate = Gate.of(services_of(request).settings)
    found = await scenes(session, caller, here, gate, cursor=cursor, limit=PAGE_SIZE, title_id=title_id, only=only)
    first = max(0, min(after, 10_000))
    above = await picked(session, caller, here, title_id) if cursor is None and only == EVERYTHING else []
    shown: dict[str, Any] = {
        "picked": above,
        "genres": await genres(session),
        "offered": offered,
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


def _offered(caller: Caller | None, here: Audience) -> dict[str, str]:
    """By whom whoever looks may have the list made."""
    absent = {"here"} if here.territory is None else set[str]()
    absent |= {"following"} if caller is None or caller.viewer.kids else set()
    return {key: words for key, words in WHOSE.items() if key not in absent}


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
