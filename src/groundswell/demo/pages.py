"""Lumen, the demo service: its home page, and where a title is watched."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from groundswell.accounts.access import Caller
from groundswell.catalog.schemas import TitleSummary
from groundswell.moments.availability import Audience
from groundswell.platform.clock import US_PER_SECOND
from groundswell.platform.routing import DbSession
from groundswell.web.pages.people import MaybeViewer
from groundswell.web.pages.route import PageRoute
from groundswell.web.pages.scenes import scenes
from groundswell.web.pages.structured import video_object
from groundswell.web.templating import page

from .lineup import by_series, lineup, opening, showing
from .membership import CURRENCY, PRICE_MINOR
from .people import may_watch

router = APIRouter(route_class=PageRoute)

CATCHING_ON = 10

At = Annotated[str, Query(alias="t")]
Touch = Annotated[str | None, Query(alias="gs", max_length=200)]


@router.get("/")
async def home(request: Request, session: DbSession, caller: MaybeViewer) -> Response:
    """What there is to watch, and what is catching on."""
    titles, here = await lineup(session), Audience.of(caller, request).territory
    return page(
        request,
        "demo/home.html",
        caller=caller,
        hero=opening(titles),
        films=[title for title in titles if title.series is None],
        series=by_series(titles),
        scenes=(await scenes(session, caller, here, limit=CATCHING_ON)).items,
    )


@router.get("/watch/{slug}")
async def watch(
    request: Request, session: DbSession, caller: MaybeViewer, slug: str, t: At = "0", gs: Touch = None
) -> Response:
    """A title from the second ``t`` on; whoever may not watch yet is told what to do, and comes back to it."""
    title = await showing(session, slug)
    start_s = starting_second(t, title)
    context: dict[str, Any] = {
        "caller": caller,
        "title": title,
        "start_s": start_s,
        "touch": gs,
        "here": here(title, start_s, gs),
        "structured": await video_object(session, request.app.state.settings, title),
    }
    if not await may_watch(session, subject_of(caller)):
        return page(request, "demo/gate.html", price=(PRICE_MINOR, CURRENCY), **context)
    territory = Audience.of(caller, request).territory
    of_it = await scenes(session, caller, territory, limit=CATCHING_ON, title_id=title.id)
    return page(request, "demo/watch.html", scenes=of_it.items, **context)


def subject_of(caller: Caller | None) -> str | None:
    """What the demo's tokens call the person."""
    return None if caller is None else caller.viewer.subject


def starting_second(t: str, title: TitleSummary) -> int:
    """The second to start at; a time that makes no sense is the beginning."""
    seconds = int(t) if t.isascii() and t.isdigit() and len(t) < 8 else 0
    return seconds if seconds * US_PER_SECOND < title.duration_us else 0


def here(title: TitleSummary, start_s: int, touch: str | None) -> str:
    """The address of this page at its second, to return to."""
    return f"/watch/{title.slug}?t={start_s}" + (f"&gs={touch}" if touch else "")
