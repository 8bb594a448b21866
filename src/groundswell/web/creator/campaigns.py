"""A creator's campaigns, phone first: the inbox, and one campaign from its brief to the clip to the post."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.attribution.campaigns import find_campaign
from groundswell.campaigns import membership, submissions
from groundswell.campaigns.inbox import entry, inbox
from groundswell.campaigns.jobs import queue_check
from groundswell.campaigns.schemas import CampaignApplication, CampaignScene, InboxEntry, NewSubmission
from groundswell.catalog.titles import find_title
from groundswell.catalog.watch_address import device_of, watch_address
from groundswell.creators import profiles
from groundswell.creators.tables import Creator
from groundswell.earnings.campaign_results import earnings, of_creator
from groundswell.moments.clips.library import newest_of
from groundswell.platform.clock import US_PER_SECOND
from groundswell.platform.problems import Problem
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.web.page_auth import Member
from groundswell.web.page_route import PageRoute
from groundswell.web.responses import see_other
from groundswell.web.templating import page

router = APIRouter(prefix="/creator/campaigns", route_class=PageRoute)

ROWS = 50
NEWEST = 8
SAID = {
    "applied": "You have applied. You will find the answer here.",
    "accepted": "You take part. Clip a scene, post it, and submit the post.",
    "submitted": "Submitted. Undecided by the time named, it is accepted.",
    "withdrawn": "Withdrawn.",
    "left": "You have left. What you earned stays.",
    "declined": "Declined. You may still apply, while it takes creators in.",
}
OF_PARTS = frozenset({"applied", "accepted", "left", "declined"})
"""Those of them that tell what somebody's part is, for as long as it is that."""

LEAVING = {"invited": "Decline", "applied": "Withdraw my application", "accepted": "Leave this campaign"}
"""What giving up a part is called, by what it is."""


@router.get("")
async def read_inbox(request: Request, session: DbSession, caller: Member) -> Response:
    """Campaigns that are open to me, those I take part in, and what they brought."""
    try:
        creator = await profiles.own(session, caller.id)
    except profiles.CreatorMissing:
        return see_other("/creator")
    return page(
        request,
        "creator/campaigns.html",
        caller=caller,
        entries=await inbox(session, creator),
        brought=await of_creator(session, creator.id),
    )


@router.get("/{key}")
async def read_campaign(
    request: Request, session: DbSession, caller: Member, key: str, saved: str | None = None
) -> Response:
    """One campaign: brief, my part, my posts, and what they brought."""
    return await _campaign(request, session, caller, key, saved)


async def _campaign(
    request: Request,
    session: AsyncSession,
    caller: Member,
    key: str,
    saved: str | None = None,
    problem: Problem | None = None,
    form: dict[str, str] | None = None,
) -> Response:
    creator = await profiles.own(session, caller.id)
    seen = await entry(session, creator, key)
    id = seen.campaign.id
    if saved in OF_PARTS and (seen.part is None or seen.part.status != saved):
        saved = None  # it was so when they said it, and the page is open still
    return page(
        request,
        "creator/campaign.html",
        status=problem.status if problem else 200,
        caller=caller,
        creator=creator,
        campaign=seen.campaign,
        brief=seen.brief,
        part=seen.part,
        scenes=await _scenes(request, session, seen),
        posts=await submissions.of_campaign(session, id, ROWS, creator_id=creator.id),
        moments=await newest_of(session, caller.id, ROWS, seen.campaign.titles),
        earned=await earnings(session, NEWEST, campaign_id=id, creator_id=creator.id),
        total=next((row[2:] for row in await of_creator(session, creator.id) if row[0].id == id), None),
        leaving=LEAVING,
        saved=SAID.get(saved or ""),
        problem=problem,
        form=form or {"moment": "", "url": ""},
    )


async def _scenes(request: Request, session: AsyncSession, seen: InboxEntry) -> list[tuple[CampaignScene, str, str]]:
    """Each scene with its title's name and where it is watched: at its end, since Clip takes what was just seen."""
    settings, device = services_of(request).settings, device_of(request.headers.get("user-agent", ""))
    found = []
    for scene in seen.brief.scenes:
        title = await find_title(session, scene.title)
        found.append((scene, title.name, watch_address(settings, title, scene.end_us // US_PER_SECOND, device)))
    return found


async def _own(session: AsyncSession, caller: Member) -> Creator:
    return await profiles.own(session, caller.id)


@router.post("/{key}/apply")
async def apply(
    session: DbSession, caller: Member, key: str, note: Annotated[str, Form(max_length=2000)] = ""
) -> Response:
    """Apply, or take an invitation."""
    new = CampaignApplication(note=note.replace("\0", "")[:1000])
    member = await membership.apply(
        session, await find_campaign(session, key), await _own(session, caller), new.note, caller.actor
    )
    return see_other(f"/creator/campaigns/{key}?saved={'accepted' if member.status == 'accepted' else 'applied'}")


@router.post("/{key}/leave")
async def leave(session: DbSession, caller: Member, key: str) -> Response:
    """Leave the campaign, decline its invitation, or withdraw my application."""
    member = await membership.leave(session, await find_campaign(session, key), await _own(session, caller))
    return see_other(f"/creator/campaigns/{key}?saved={member.status}")


@router.post("/{key}/submissions")
async def submit(
    request: Request,
    session: DbSession,
    caller: Member,
    key: str,
    moment: Annotated[str, Form(max_length=100)] = "",
    url: Annotated[str, Form(max_length=600)] = "",
) -> Response:
    """Submit a post of a moment of mine."""
    campaign = await find_campaign(session, key)
    try:
        new = NewSubmission(moment=moment, url=url.strip())
        made = await submissions.submit(session, campaign, await _own(session, caller), new.moment, new.url)
        await queue_check(session, made)
        return see_other(f"/creator/campaigns/{key}?saved=submitted")
    except ValidationError:
        problem: Problem = submissions.PostAddressInvalid("Choose a clip, and paste the post's https address.")
    except Problem as refused:
        problem = refused
    return await _campaign(request, session, caller, key, problem=problem, form={"moment": moment, "url": url})


@router.post("/{key}/submissions/{submission_id}/withdraw")
async def withdraw(session: DbSession, caller: Member, key: str, submission_id: UUID) -> Response:
    """Withdraw a post that waits."""
    await submissions.withdraw(session, await find_campaign(session, key), await _own(session, caller), submission_id)
    return see_other(f"/creator/campaigns/{key}?saved=withdrawn")
