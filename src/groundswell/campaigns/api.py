"""Campaigns over HTTP: made once, read, ended early; and what each brought."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from groundswell.accounts.access import Caller, staff
from groundswell.attribution.campaigns import find_campaign
from groundswell.creators.profiles import named
from groundswell.insights.access import reader
from groundswell.insights.schemas import CampaignReport
from groundswell.platform.change_pace import kept_to
from groundswell.platform.pages import Cursor, Limit, Page, decode_cursor, next_cursor
from groundswell.platform.routing import DbSession, TransactionalRoute
from groundswell.platform.services import services_of

from . import brief, creator_api, lifecycle, membership, shortlist_api, submissions
from .results import campaign_report
from .schemas import (
    BriefOut,
    CampaignOut,
    Invitations,
    Invited,
    MemberOut,
    NewBrief,
    NewCampaign,
    ReviewRefusal,
    SubmissionOut,
)
from .views import member_out, submission_out

v1 = APIRouter(prefix="/v1/campaigns", tags=["campaigns"], route_class=TransactionalRoute)
Marketer = Annotated[Caller, Depends(staff("campaigns.manage"))]
By = Annotated[str, Query(description="What the rows tell apart: any dimension of `/v1/reports/by/{dimension}`.")]


@v1.post("", status_code=201)
@kept_to(f"{lifecycle.MOST} that are not over.")
async def make_campaign(new: NewCampaign, request: Request, session: DbSession, caller: Marketer) -> CampaignOut:
    """Make a campaign. Its credit is reckoned by the model, version and attribution window that are fixed now,
    whatever becomes the default later; nothing of it can be changed, but it can be ended early."""
    made = await lifecycle.make(session, services_of(request).settings, new, caller.id)
    (shown,) = await lifecycle.shown(session, [made])
    return shown


@v1.get("")
async def list_campaigns(
    session: DbSession, caller: Marketer, cursor: Cursor = None, limit: Limit = 50
) -> Page[CampaignOut]:
    """Campaigns, newest first."""
    rows = await lifecycle.recent(session, limit, decode_cursor(cursor))
    return Page(items=await lifecycle.shown(session, rows), next=next_cursor(rows, limit))


@v1.get("/{key}")
async def read_campaign(key: str, session: DbSession, caller: Marketer) -> CampaignOut:
    """One campaign."""
    (shown,) = await lifecycle.shown(session, [await find_campaign(session, key)])
    return shown


@v1.post("/{key}/end")
async def end_campaign(key: str, session: DbSession, caller: Marketer) -> CampaignOut:
    """End a campaign now: later visits are not its own; earlier ones go on earning credit within its window. Ending one
    that is over changes nothing."""
    campaign = await find_campaign(session, key)
    await lifecycle.end(session, campaign)
    (shown,) = await lifecycle.shown(session, [campaign])
    return shown


@v1.get("/{key}/results", dependencies=[Depends(reader)])
async def read_results(key: str, request: Request, session: DbSession, by: By = "title") -> CampaignReport:
    """What a campaign brought: the funnel of what belongs to it, in all and by title, maker, channel or any other
    dimension. Conversions are divided by the model, version and attribution window fixed when it was made."""
    return await campaign_report(
        services_of(request).runtime,
        await find_campaign(session, key),
        by,
        services_of(request).settings.time_zone,
    )


@v1.put("/{key}/brief", status_code=201)
async def publish_brief(key: str, new: NewBrief, request: Request, session: DbSession, caller: Marketer) -> BriefOut:
    """Publish what a campaign asks of creators, and what it pays. Nothing of it can be changed afterwards; it pays from
    when finance has funded its budget."""
    campaign = await find_campaign(session, key)
    made = await brief.publish(session, services_of(request).settings, campaign, new, caller.actor)
    return brief.shown_brief(campaign, made)


@v1.get("/{key}/brief")
async def read_brief(key: str, session: DbSession, caller: Marketer) -> BriefOut:
    """A campaign's brief."""
    campaign = await find_campaign(session, key)
    return brief.shown_brief(campaign, await brief.brief_of(session, campaign.id))


@v1.post("/{key}/pause")
async def pause_campaign(key: str, session: DbSession, caller: Marketer) -> BriefOut:
    """Take in nobody and no post for the time being. What is out goes on being paid, as was promised."""
    campaign = await find_campaign(session, key)
    return brief.shown_brief(campaign, await brief.pause(session, campaign, paused=True))


@v1.post("/{key}/resume")
async def resume_campaign(key: str, session: DbSession, caller: Marketer) -> BriefOut:
    """Take creators and posts in again."""
    campaign = await find_campaign(session, key)
    return brief.shown_brief(campaign, await brief.pause(session, campaign, paused=False))


@v1.post("/{key}/invitations")
async def invite_creators(key: str, new: Invitations, session: DbSession, caller: Marketer) -> Invited:
    """Invite creators, one or many. Who has applied is accepted by it."""
    campaign = await find_campaign(session, key)
    return Invited(invited=await membership.invite(session, campaign, new.creators, caller.actor))


@v1.get("/{key}/members")
async def list_members(
    key: str, session: DbSession, caller: Marketer, cursor: Cursor = None, limit: Limit = 50
) -> Page[MemberOut]:
    """Who takes part, was invited or applied, newest first."""
    campaign = await find_campaign(session, key)
    rows = await membership.members(session, campaign.id, limit, decode_cursor(cursor))
    shown = [member_out(*row) for row in rows]
    return Page(items=shown, next=next_cursor(shown, limit))


@v1.post("/{key}/members/{handle}/accept")
async def accept_member(key: str, handle: str, session: DbSession, caller: Marketer) -> MemberOut:
    """Accept a creator who has applied."""
    member = await membership.decide(session, await find_campaign(session, key), handle, caller.actor, accept=True)
    return member_out(member, await named(session, handle))


@v1.post("/{key}/members/{handle}/refuse")
async def refuse_member(key: str, handle: str, why: ReviewRefusal, session: DbSession, caller: Marketer) -> MemberOut:
    """Refuse a creator who has applied; they are told why."""
    campaign = await find_campaign(session, key)
    member = await membership.decide(session, campaign, handle, caller.actor, accept=False, reason=why.reason)
    return member_out(member, await named(session, handle))


@v1.get("/{key}/submissions")
async def list_submissions(
    key: str, session: DbSession, caller: Marketer, waiting: bool = False, cursor: Cursor = None, limit: Limit = 50
) -> Page[SubmissionOut]:
    """Posts that were submitted, newest first; those that wait only, when asked."""
    campaign = await find_campaign(session, key)
    rows = await submissions.of_campaign(
        session, campaign.id, limit, decode_cursor(cursor), status="waiting" if waiting else None
    )
    shown = [submission_out(*row) for row in rows]
    return Page(items=shown, next=next_cursor(shown, limit))


@v1.post("/{key}/submissions/{submission_id}/accept")
async def accept_submission(key: str, submission_id: UUID, session: DbSession, caller: Marketer) -> SubmissionOut:
    """Accept a post: what it brings, and has brought since it was submitted, is paid."""
    campaign = await find_campaign(session, key)
    await submissions.decide(session, campaign, submission_id, caller.actor, accept=True)
    return submission_out(*await submissions.one(session, submission_id))


@v1.post("/{key}/submissions/{submission_id}/refuse")
async def refuse_submission(
    key: str, submission_id: UUID, why: ReviewRefusal, session: DbSession, caller: Marketer
) -> SubmissionOut:
    """Refuse a post; its creator is told why."""
    campaign = await find_campaign(session, key)
    await submissions.decide(session, campaign, submission_id, caller.actor, accept=False, reason=why.reason)
    return submission_out(*await submissions.one(session, submission_id))


router = APIRouter()
router.include_router(creator_api.router)
router.include_router(v1)
router.include_router(shortlist_api.router)
