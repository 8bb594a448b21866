"""Whom I follow: what they made, who follows me and who wants to, whom I keep away. Without a script too."""

import json
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request, Response

from groundswell.community import api as community
from groundswell.community import collections_api, own_data
from groundswell.community.people import KidsApart
from groundswell.community.schemas import ApprovalIn
from groundswell.platform.attachment import attachment
from groundswell.platform.pages import Cursor
from groundswell.platform.routing import DbSession
from groundswell.web.languages import marked
from groundswell.web.page_auth import Member
from groundswell.web.page_route import PageRoute
from groundswell.web.responses import see_other
from groundswell.web.templating import page

router = APIRouter(route_class=PageRoute)

PAGE_SIZE, REPOSTS_SHOWN = 24, 8
DONE = {
    "granted": marked("They follow you now."),
    "refused": marked("Done. They are not told."),
    "unfollowed": marked("You follow them no longer."),
    "back": marked("You can find each other again."),
    "approval": marked("Saved."),
}

Handle = Annotated[str, Form(max_length=200)]


@router.get("/following")
async def feed(
    request: Request,
    session: DbSession,
    caller: Member,
    cursor: Cursor = None,
    passed: Cursor = None,
    done: str | None = None,
) -> Response:
    """What those whom I follow made public, newest first; before it what they passed on (from ``passed`` on)."""
    if caller.viewer.kids:
        raise KidsApart()
    found = await community.read_following_feed(caller, session, request, cursor, PAGE_SIZE)
    reposts = None
    if cursor is None:
        reposts = await collections_api.read_reposts(caller, session, request, passed, REPOSTS_SHOWN)
    followed = await community.read_followed(caller, session)
    return page(
        request,
        "viewer/following.html",
        caller=caller,
        items=found.items,
        next=f"/following?cursor={found.next}" if found.next else None,
        reposts=reposts.items if reposts else [],
        older=f"/following?passed={reposts.next}#passed-on" if reposts and reposts.next else None,
        first=cursor is None,
        followed=followed,
        waiting=(await community.read_followers(caller, session)).requests,
        done=DONE.get(done or ""),
    )


@router.get("/people")
async def people(request: Request, session: DbSession, caller: Member, done: str | None = None) -> Response:
    """Who follows me and who wants to, whom I follow, whom I keep away."""
    if caller.viewer.kids:
        raise KidsApart()
    return page(
        request,
        "viewer/people.html",
        caller=caller,
        mine=await community.read_followers(caller, session),
        followed=await community.read_followed(caller, session),
        barriers=await community.read_barriers(caller, session),
        done=DONE.get(done or ""),
    )


@router.get("/people/data.json")
async def data(session: DbSession, caller: Member) -> Response:
    """All that is kept of what I did among others, as a file."""
    body = json.dumps(await own_data.everything(session, caller.id), ensure_ascii=False, indent=1)
    return Response(body, headers=attachment("community.json"), media_type="application/json")


@router.post("/people/requests")
async def answer(
    session: DbSession, caller: Member, handle: Handle, answer: Annotated[Literal["grant", "refuse"], Form()]
) -> Response:
    """Let in somebody who asked to follow me, or do not; also how a follower is let go."""
    if answer == "grant":
        await community.grant_request(handle, caller, session)
        return see_other("/people?done=granted")
    await community.let_go(handle, caller, session)
    return see_other("/people?done=refused")


@router.post("/people/unfollow")
async def unfollow(session: DbSession, caller: Member, handle: Handle) -> Response:
    """Follow somebody no longer."""
    await community.unfollow_person(handle, caller, session)
    return see_other("/people?done=unfollowed")


@router.post("/people/barriers/lift")
async def lift(
    session: DbSession, caller: Member, handle: Handle, kind: Annotated[Literal["block", "mute"], Form()]
) -> Response:
    """Take back a block or a mute."""
    await community.take_down_barrier(kind, handle, caller, session)
    return see_other("/people?done=back")


@router.post("/people/approval")
async def approval(session: DbSession, caller: Member, approves: Annotated[bool, Form()] = False) -> Response:
    """Whether I decide on each who wants to follow me."""
    await community.choose_approval(ApprovalIn(approves=approves), caller, session)
    return see_other("/people?done=approval")
