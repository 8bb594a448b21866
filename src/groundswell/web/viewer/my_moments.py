"""My moments: what I clipped, how far it got, and what can be done with several at once."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.events.reach import Reach, reach_of
from groundswell.moments.availability import Audience
from groundswell.moments.clips.library import MANY_AT_ONCE, MomentFilter, clipped_titles, delete_mine, page_of_mine
from groundswell.moments.lookup import MomentUnknown, find_moment
from groundswell.moments.schemas import MomentOut
from groundswell.platform.csv_response import csv_file
from groundswell.platform.pages import Cursor
from groundswell.platform.problems import Invalid
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.shares.lifecycle import revoke_links
from groundswell.shares.reminders import awaited_by, forget
from groundswell.web.languages import marked
from groundswell.web.page_auth import Member
from groundswell.web.page_route import PageRoute
from groundswell.web.responses import see_other
from groundswell.web.templating import page

router = APIRouter(route_class=PageRoute)

PAGE_SIZE = 24
EXPORT_AT_ONCE = 100
VISIBILITIES = {
    "unlisted": marked("Whoever has the link"),
    "public": marked("Everyone"),
    "private": marked("Only me"),
}
STATES = {"yes": marked("Can be seen"), "no": marked("Not available")}
DONE = {
    "changed": marked("Your changes are saved. Links show the moment as it is now."),
    "deleted": marked("Deleted. Their links now say so."),
    "forgotten": marked("You will not be reminded of it."),
    "revoked": marked("The links were withdrawn. They say so from now on."),
}
COLUMNS = (
    "code url title label start_us end_us caption note visibility spoiler credit_me created_at available "
    "unavailable_code unavailable_words shares visits plays"
)

Text = Annotated[str, Query(max_length=200)]


@router.get("/moments")
async def my_moments(
    request: Request,
    session: DbSession,
    caller: Member,
    cursor: Cursor = None,
    title: Text = "",
    visibility: Text = "",
    state: Text = "",
    q: Text = "",
    done: Text = "",
) -> Response:
    """The grid, newest first, narrowed by the form above it."""
    narrowed = {"title": title, "visibility": visibility if visibility in VISIBILITIES else "", "q": q.strip()}
    narrowed["state"] = state if state in STATES else ""
    settings = services_of(request).settings
    found = await page_of_mine(session, settings, Audience.of(caller, request), wanted(narrowed), cursor, PAGE_SIZE)
    shown: dict[str, Any] = {
        "items": await with_reach(session, found.items),
        "next": found.next and f"/moments?{urlencode({**narrowed, 'cursor': found.next})}",
        "narrowed": narrowed,
        "narrow": any(narrowed.values()),
        "titles": await clipped_titles(session, caller.id),
        "visibilities": VISIBILITIES,
        "states": STATES,
        "done": DONE.get(done),
        "waiting": await awaited_by(session, settings, Audience.of(caller, request)) if cursor is None else [],
    }
    return page(request, "viewer/moments.html", caller=caller, **shown)


@router.post("/moments/reminders/{reminder}/forget")
async def forget_reminder(session: DbSession, caller: Member, reminder: UUID) -> Response:
    """Wait no more for something."""
    await forget(session, caller.id, reminder)
    return see_other("/moments?done=forgotten")


def wanted(narrowed: dict[str, str]) -> MomentFilter:
    """What the form above the grid asks for."""
    available = {"yes": True, "no": False}.get(narrowed["state"])
    return MomentFilter(narrowed["title"] or None, narrowed["visibility"] or None, narrowed["q"], available)


async def with_reach(session: AsyncSession, moments: list[MomentOut]) -> list[tuple[MomentOut, Reach]]:
    """Moments, each with how far it got."""
    since = min((moment.created_at for moment in moments), default=None)
    reach = {} if since is None else await reach_of(session, [moment.id for moment in moments], since)
    return [(moment, reach[moment.id]) for moment in moments]


@router.post("/moments/selected")
async def selected(
    request: Request,
    session: DbSession,
    caller: Member,
    action: Annotated[str, Form(max_length=20)] = "",
    moment: Annotated[list[str] | None, Form(max_length=MANY_AT_ONCE)] = None,
    sure: Annotated[bool, Form()] = False,
) -> Response:
    """Delete several, or withdraw the links to them; asks first."""
    codes = moment or []
    if action not in {"delete", "revoke"} or not codes:
        raise Invalid("Choose some moments first, then what to do with them.")
    if not sure:
        moments = [await find_moment(session, code) for code in codes]
        if any(each.viewer_id != caller.id for each in moments):
            raise MomentUnknown()
        names = [(each.code, each.caption) for each in moments]
        return page(request, "viewer/sure.html", caller=caller, action=action, moments=names, many=len(names))
    if action == "delete":
        await delete_mine(session, caller, codes)
        return see_other("/moments?done=deleted")
    for code in codes:
        await revoke_links(session, caller, await find_moment(session, code))
    return see_other("/moments?done=revoked")


@router.get("/moments/export.{kind}")
async def export(request: Request, session: DbSession, caller: Member, kind: Literal["json", "csv"]) -> Response:
    """All my moments with their reach, as a file: ``json`` or ``csv``."""
    rows = [_row(moment, reach) async for moment, reach in _all(request, session, caller)]
    header = COLUMNS.split()
    if kind == "csv":
        return csv_file("my-moments", header, ([row[name] for name in header] for row in rows))
    headers = {"Content-Disposition": 'attachment; filename="my-moments.json"'}
    return JSONResponse({"moments": rows}, headers=headers)


async def _all(request: Request, session: AsyncSession, caller: Caller) -> AsyncIterator[tuple[MomentOut, Reach]]:
    cursor, me = None, Audience.of(caller, request)
    while True:
        found = await page_of_mine(session, services_of(request).settings, me, MomentFilter(), cursor, EXPORT_AT_ONCE)
        for item in await with_reach(session, found.items):
            yield item
        cursor = found.next
        if cursor is None:
            return


def _row(moment: MomentOut, reach: Reach) -> dict[str, Any]:
    why = moment.unavailable_reason
    plain = moment.model_dump(mode="json")
    return {name: plain[name] for name in COLUMNS.split() if name in plain and name != "title"} | {
        "title": moment.title.name,
        "label": moment.title.label,
        "unavailable_code": why and why.code,
        "unavailable_words": why and why.words,
        "shares": reach.shares,
        "visits": reach.visits,
        "plays": reach.plays,
    }
