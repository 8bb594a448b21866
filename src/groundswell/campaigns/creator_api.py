"""A creator's campaigns over HTTP: the inbox, applying, submitting posts."""

from uuid import UUID

from fastapi import APIRouter

from groundswell.accounts.access import SignedIn
from groundswell.attribution.campaigns import find_campaign
from groundswell.creators.profiles import own
from groundswell.platform.pages import Cursor, Limit, Page, decode_cursor, next_cursor
from groundswell.platform.routing import DbSession, TransactionalRoute

from . import membership, submissions
from .inbox import entry, inbox
from .jobs import queue_check
from .schemas import CampaignApplication, InboxEntry, MemberOut, NewSubmission, SubmissionOut
from .views import member_out, submission_out

router = APIRouter(prefix="/v1/creators/me/campaigns", tags=["campaigns"], route_class=TransactionalRoute)


@router.get("")
async def list_my_campaigns(session: DbSession, caller: SignedIn) -> list[InboxEntry]:
    """Campaigns that are open to me, and those I take part in, that are not over."""
    return await inbox(session, await own(session, caller.id))


@router.get("/{key}")
async def read_my_campaign(key: str, session: DbSession, caller: SignedIn) -> InboxEntry:
    """One campaign, its brief and my part in it."""
    return await entry(session, await own(session, caller.id), key)


@router.post("/{key}/apply")
async def apply(key: str, new: CampaignApplication, session: DbSession, caller: SignedIn) -> MemberOut:
    """Apply for a campaign, or take its invitation: agrees to its brief as it is."""
    creator = await own(session, caller.id)
    campaign = await find_campaign(session, key)
    return member_out(await membership.apply(session, campaign, creator, new.note, caller.actor), creator)


@router.post("/{key}/leave")
async def leave(key: str, session: DbSession, caller: SignedIn) -> MemberOut:
    """Leave a campaign, decline its invitation, or withdraw my application. What I earned stays; posts of mine that
    were accepted go on earning."""
    creator = await own(session, caller.id)
    return member_out(await membership.leave(session, await find_campaign(session, key), creator), creator)


@router.post("/{key}/submissions", status_code=201)
async def submit(key: str, new: NewSubmission, session: DbSession, caller: SignedIn) -> SubmissionOut:
    """Submit a post of a moment of mine. Undecided after the brief's ``review_hours``, it is accepted."""
    creator = await own(session, caller.id)
    campaign = await find_campaign(session, key)
    made = await submissions.submit(session, campaign, creator, new.moment, new.url)
    await queue_check(session, made)
    return submission_out(*await submissions.one(session, made.id))


@router.get("/{key}/submissions")
async def list_my_submissions(
    key: str, session: DbSession, caller: SignedIn, cursor: Cursor = None, limit: Limit = 50
) -> Page[SubmissionOut]:
    """My posts for a campaign, newest first."""
    creator = await own(session, caller.id)
    campaign = await find_campaign(session, key)
    rows = await submissions.of_campaign(session, campaign.id, limit, decode_cursor(cursor), creator_id=creator.id)
    shown = [submission_out(*row) for row in rows]
    return Page(items=shown, next=next_cursor(shown, limit))


@router.post("/{key}/submissions/{submission_id}/withdraw")
async def withdraw(key: str, submission_id: UUID, session: DbSession, caller: SignedIn) -> SubmissionOut:
    """Withdraw a post that waits for review."""
    creator = await own(session, caller.id)
    campaign = await find_campaign(session, key)
    await submissions.withdraw(session, campaign, creator, submission_id)
    return submission_out(*await submissions.one(session, submission_id))
