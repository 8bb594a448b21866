"""Lumen, the demo service: its home page, and where a title is watched."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.catalog.progress import goes_on, left_by
from groundswell.catalog.schemas import TitleSummary
from groundswell.catalog.tables import Progress
from groundswell.catalog.title_view import view_or_refusal
from groundswell.catalog.titles import find_title
from groundswell.discovery import heatmap
from groundswell.discovery.ranking import Gate
from groundswell.moments.availability import Audience
from groundswell.platform.clock import US_PER_SECOND
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.web.page_auth import MaybeViewer
from groundswell.web.page_route import PageRoute
from groundswell.web.templating import page
from groundswell.web.viewer.scenes import scenes
from groundswell.web.viewer.schema_org import video_object

from .identity import IdentityProvider
from .lineup import by_series, lineup, opening, showing
from .membership import CURRENCY, PRICE_MINOR
from .people import may_watch

router = APIRouter(route_class=PageRoute)

CATCHING_ON = 10
BEGUN_MAX = 12

At = Annotated[str, Query(alias="t")]
Touch = Annotated[str | None, Query(alias="gs", max_length=200)]


@router.get("/")
async def home(request: Request, session: DbSession, caller: MaybeViewer) -> Response:
    """What there is to watch, and what is catching on."""
    titles, here = await lineup(session), Audience.of(caller, request)
    left = {} if caller is None else await left_by(session, caller.id, BEGUN_MAX)
    return page(
        request,
        "demo/home.html",
        caller=caller,
        hero=opening(titles),
        begun=begun(titles, left),
        films=[title for title in titles if title.series is None],
        series=by_series(titles),
        scenes=(await scenes(session, caller, here, gate_of(request), limit=CATCHING_ON)).items,
    )


@router.get("/watch/{slug}")
async def watch(
    request: Request, session: DbSession, caller: MaybeViewer, slug: str, t: At = "", gs: Touch = None
) -> Response:
    """A title from the second ``t`` on, else from where one left; whoever may not watch yet is told what to do, and
    comes back to it."""
    title = await showing(session, slug)
    left_us = None if caller is None or t else await left_in(session, caller, title)
    start_s = starting_second(t, title) if left_us is None else left_us // US_PER_SECOND
    context: dict[str, Any] = {
        "caller": caller,
        "title": title,
        "start_s": start_s,
        "touch": gs,
        "resumed": left_us is not None,
        "here": here(title, start_s, gs),
        "structured": await video_object(session, services_of(request).settings, title, parts=caller is None),
    }
    if not await may_watch(session, subject_of(caller)):
        return page(request, "demo/gate.html", price=(PRICE_MINOR, CURRENCY), **context)
    audience, gate = Audience.of(caller, request), gate_of(request)
    of_it = await scenes(session, caller, audience, gate, limit=CATCHING_ON, title_id=title.id)
    context["heat"] = await heat_of(request, session, caller, title)
    media = f"/v1/titles/{title.slug}/media.mp4?entitlement={entitlement(request, caller, title)}"
    return page(request, "demo/watch.html", scenes=of_it.items, media=media, **context)


async def heat_of(request: Request, session: AsyncSession, caller: Caller | None, title: TitleSummary) -> list[float]:
    """What is drawn below the film: nothing while few people voted, or where nothing of it may be looked at."""
    found = await find_title(session, title.slug)
    view = await view_or_refusal(request, session, found, caller, "play")
    if view.refusal is not None:
        return []
    bins = (await heatmap.of_title(session, services_of(request).settings, found, view)).bins
    return bins if any(bins) else []


def gate_of(request: Request) -> Gate:
    return Gate.of(services_of(request).settings)


def entitlement(request: Request, caller: Caller | None, title: TitleSummary) -> str:
    """The demo service's signed word that this person may watch ``title``, for as long as a film takes."""
    return services_of(request).get(IdentityProvider).title_token(str(subject_of(caller)), title.slug)


async def left_in(session: AsyncSession, caller: Caller, title: TitleSummary) -> int | None:
    """Where the viewer goes on with a title that they have begun, in microseconds."""
    progress = await session.get(Progress, (caller.id, title.id))
    return None if progress is None else goes_on(progress.left_us, title.duration_us)


def begun(titles: list[TitleSummary], left: dict[UUID, int]) -> list[tuple[TitleSummary, int]]:
    """The titles among ``titles`` that were left in the middle, the latest first, and where."""
    by_id = {title.id: title for title in titles}
    found = [(by_id[id], goes_on(us, by_id[id].duration_us)) for id, us in left.items() if id in by_id]
    return [(title, us) for title, us in found if us is not None]


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
