"""One of my moments: its words, its span, its links; each can be changed, withdrawn or deleted."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.events.reach import Reach, reach_of, reach_of_links
from groundswell.moments.availability import Audience, MomentGone
from groundswell.moments.clips.library import own_moment
from groundswell.moments.clips.lifecycle import change_moment, delete_moment
from groundswell.moments.clips.views import show
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.problems import Problem
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.platform.settings import Settings
from groundswell.shares.api import qr_svg
from groundswell.shares.channels import CHANNELS
from groundswell.shares.lifecycle import revoke_links, revoke_share
from groundswell.shares.links import share_url, token_of
from groundswell.shares.listing import links_of_moment
from groundswell.shares.tables import Share
from groundswell.web.languages import marked
from groundswell.web.page_auth import Member
from groundswell.web.page_route import PageRoute
from groundswell.web.responses import see_other
from groundswell.web.templating import page

from .my_moments import DONE, VISIBILITIES
from .time_input import parse_time, written_time

router = APIRouter(prefix="/moments", route_class=PageRoute)

LINKS_SHOWN = 100
LINK_STATES = {"live": marked("Works"), "withdrawn": marked("Withdrawn"), "expired": marked("Expired")}

Field = Annotated[str, Form(max_length=5000)]
Flag = Annotated[bool, Form()]


@dataclass(frozen=True)
class Link:
    """A link to my moment. ``state`` is ``live``, ``withdrawn`` or ``expired``; ``mine``: I made it."""

    id: UUID
    url: str
    channel: str
    created_at: datetime
    expires_at: datetime | None
    state: str
    mine: bool
    reach: Reach


@router.get("/{code}")
async def read(request: Request, session: DbSession, caller: Member, code: str, done: str = "") -> Response:
    """The moment with the form that changes it, and its links."""
    moment = await _own(session, caller, code)
    return await _page(request, session, caller, moment, done=DONE.get(done))


@router.get("/{code}/qr.svg")
async def handoff(request: Request, session: DbSession, caller: Member, code: str) -> Response:
    """This page's own address as a QR code: from the television, or any screen without a keyboard, to the phone."""
    moment = await _own(session, caller, code)
    address = f"{services_of(request).settings.base_url.rstrip('/')}/moments/{moment.code}"
    return Response(qr_svg(address), headers={"Cache-Control": "private, no-cache"}, media_type="image/svg+xml")


@router.post("/{code}")
async def change(
    request: Request,
    session: DbSession,
    caller: Member,
    code: str,
    start: Field = "",
    end: Field = "",
    caption: Field = "",
    note: Field = "",
    visibility: Field = "unlisted",
    spoiler: Flag = False,
    credit_me: Flag = False,
) -> Response:
    """Save what the form says. Links follow; what is wrong is said beside the form, with what was typed."""
    moment = await _own(session, caller, code)
    typed: dict[str, Any] = {"start": start, "end": end, "caption": caption, "note": note}
    typed |= {"visibility": visibility, "spoiler": spoiler, "credit_me": credit_me}
    try:
        async with session.begin_nested():
            await change_moment(session, caller.viewer, moment, _changes(moment, typed))
    except Problem as problem:
        return await _page(request, session, caller, moment, status=problem.status, problem=problem, typed=typed)
    return see_other(f"/moments/{moment.code}?done=changed")


def _changes(moment: Moment, typed: dict[str, Any]) -> dict[str, Any]:
    """What the form changes. A time left as it was shown stays as it is, to the microsecond.

    Raises:
        TimeUnreadable: a time means nothing.
    """
    words = {name: typed[name] for name in ("caption", "note", "spoiler", "credit_me")}
    if typed["visibility"] in VISIBILITIES:
        words["visibility"] = typed["visibility"]
    for name, was in (("start", moment.start_us), ("end", moment.end_us)):
        if typed[name].strip() not in ("", written_time(was)):
            words[f"{name}_us"] = parse_time(typed[name])
    return words


@router.post("/{code}/delete")
async def delete(session: DbSession, caller: Member, code: str) -> Response:
    """Delete it: its links say so from now on."""
    await delete_moment(session, await _own(session, caller, code))
    return see_other("/moments?done=deleted")


@router.post("/{code}/links/revoke")
async def revoke(
    session: DbSession, caller: Member, code: str, link: Annotated[UUID | None, Form()] = None
) -> Response:
    """Withdraw one link, or (none named) all of them."""
    moment = await _own(session, caller, code)
    if link is None:
        await revoke_links(session, caller, moment)
    else:
        await revoke_share(session, caller, link)
    return see_other(f"/moments/{moment.code}?done=revoked#links")


async def _own(session: AsyncSession, caller: Caller, code: str) -> Moment:
    moment = await own_moment(session, caller, code)
    if moment.deleted_at is not None:
        raise MomentGone("You deleted this moment.")
    return moment


async def _page(
    request: Request,
    session: AsyncSession,
    caller: Caller,
    moment: Moment,
    *,
    status: int = 200,
    done: str | None = None,
    problem: Problem | None = None,
    typed: dict[str, Any] | None = None,
) -> Response:
    settings: Settings = services_of(request).settings
    shown = await show(session, settings, moment, Audience.of(caller, request))
    reach = await reach_of(session, [moment.id], moment.created_at)
    context: dict[str, Any] = {
        "moment": shown,
        "reach": reach[moment.id],
        "links": await _links(session, settings, caller, moment),
        "typed": typed or _as_it_is(moment),
        "visibilities": VISIBILITIES,
        "states": LINK_STATES,
        "done": done,
        "problem": problem,
    }
    return page(request, "viewer/moment.html", status=status, caller=caller, **context)


def _as_it_is(moment: Moment) -> dict[str, Any]:
    names = ("caption", "note", "visibility", "spoiler", "credit_me")
    times = {"start": written_time(moment.start_us), "end": written_time(moment.end_us)}
    return times | {name: getattr(moment, name) for name in names}


async def _links(session: AsyncSession, settings: Settings, caller: Caller, moment: Moment) -> list[Link]:
    """The links to the moment, live ones first, the newest first."""
    rows = await links_of_moment(session, moment.id, LINKS_SHOWN)
    reach, now = await reach_of_links(session, moment.id, moment.created_at), utc_now()
    links = [
        Link(
            id=row.id,
            url=share_url(settings, token_of(settings, row.code)),
            channel=CHANNELS[row.channel].label if row.channel in CHANNELS else row.channel,
            created_at=row.created_at,
            expires_at=row.expires_at,
            state=_state(row, now),
            mine=row.viewer_id == caller.id,
            reach=reach.get(row.id, Reach()),
        )
        for row in rows
    ]
    return sorted(links, key=lambda link: link.state != "live")


def _state(share: Share, now: datetime) -> str:
    if share.revoked_at is not None:
        return "withdrawn"
    return "expired" if share.expires_at is not None and share.expires_at <= now else "live"
