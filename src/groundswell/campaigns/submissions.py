"""Posts that creators submit for a campaign, and their review: decided in time, or accepted by the clock."""

import ipaddress
from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.attribution.tables import Campaign
from groundswell.creators.tables import Creator
from groundswell.moments.lookup import MomentUnknown, find_moment
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import Conflict, Invalid, NotFound, Problem
from groundswell.platform.signals import send

from .membership import check_open, member_of
from .signals import SubmissionAccepted
from .tables import CampaignSubmission

BY_CLOCK = "clock"
WAITING_MOST = 20
"""So many posts of one creator may wait for one campaign's review: nobody floods a queue."""
BATCH = 100


class MembershipNeeded(Problem):
    status, code, title = 403, "membership_needed", "You do not take part in this campaign."


class MomentOfOthers(Problem):
    status, code, title = 403, "moment_of_others", "Only a moment of your own can be submitted."


class MomentOutside(Invalid):
    code, title = "moment_outside", "This campaign is about other titles."


class PostAddressInvalid(Invalid):
    code, title = "post_address_invalid", "A post has a public https address."


class SubmissionTaken(Conflict):
    code, title = "submission_taken", "This post has been submitted already."


class SubmissionsTooMany(Problem):
    status, code, title = 429, "submissions_too_many", f"{WAITING_MOST} posts of yours wait for review; wait for those."


class SubmissionUnknown(NotFound):
    code, title = "submission_unknown", "There is no such submission."


class SubmissionDecided(Conflict):
    code, title = "submission_decided", "This submission has been decided."


def checked_address(url: str) -> str:
    """The address of a post, without its fragment; compared as it is written, host in small letters.

    Raises:
        PostAddressInvalid: not https, with a user or a port in it, or no public host's name.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise PostAddressInvalid() from None
    if parts.scheme.lower() != "https" or parts.username or parts.password or port not in {None, 443}:
        raise PostAddressInvalid()
    if "." not in host or _is_address(host) or host.endswith((".local", ".internal", ".localhost", ".test")):
        raise PostAddressInvalid()
    return parts._replace(scheme="https", netloc=host, fragment="").geturl()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host.rsplit(".", 1)[-1].isdigit()
    return True


async def submit(
    session: AsyncSession, campaign: Campaign, creator: Creator, moment_code: str, url: str
) -> CampaignSubmission:
    """Submit a post of a moment of one's own for review.

    Raises:
        BriefMissing, CampaignOver, CampaignPaused, MembershipNeeded, MomentUnknown, MomentOfOthers, MomentOutside,
            PostAddressInvalid, SubmissionTaken, SubmissionsTooMany: as they say.
    """
    brief = await check_open(session, campaign)
    member = await member_of(session, campaign.id, creator.id)
    if member is None or member.status != "accepted":
        raise MembershipNeeded()
    moment = await find_moment(session, moment_code)
    if moment.deleted_at is not None:
        raise MomentUnknown()
    if moment.viewer_id != creator.viewer_id:
        raise MomentOfOthers() if moment.visibility == "public" else MomentUnknown()
    if campaign.titles is not None and moment.title_id not in campaign.titles:
        raise MomentOutside()
    await session.refresh(member, with_for_update=True)  # one at a time, so that the count below holds
    waiting = select(func.count()).select_from(CampaignSubmission)
    waiting = waiting.filter_by(campaign_id=campaign.id, creator_id=creator.id, status="waiting")
    if (await session.scalar(waiting) or 0) >= WAITING_MOST:
        raise SubmissionsTooMany()
    now = utc_now()
    row = {
        "id": uuid7(), "campaign_id": campaign.id, "creator_id": creator.id, "moment_id": moment.id,
        "url": checked_address(url), "mark": creator.code, "created_at": now,
        "due_at": now + timedelta(hours=brief.review_hours), "status": "waiting", "reason": "",
        "check_code": "",
    }  # fmt: skip
    made = insert(CampaignSubmission).values(row).on_conflict_do_nothing().returning(CampaignSubmission)
    submission: CampaignSubmission | None = await session.scalar(made)
    if submission is None:
        raise SubmissionTaken()
    return submission


async def find(session: AsyncSession, campaign: Campaign, submission_id: UUID) -> CampaignSubmission:
    """A submission for a campaign, which nobody else decides until this transaction ends.

    Raises:
        SubmissionUnknown.
    """
    query = select(CampaignSubmission).filter_by(id=submission_id, campaign_id=campaign.id).with_for_update()
    found: CampaignSubmission | None = await session.scalar(query)
    if found is None:
        raise SubmissionUnknown()
    return found


async def decide(
    session: AsyncSession, campaign: Campaign, submission_id: UUID, by: str, *, accept: bool, reason: str = ""
) -> CampaignSubmission:
    """Accept or refuse (with a reason) a submission.

    Raises:
        SubmissionUnknown; SubmissionDecided: it was decided otherwise. What was accepted stays so.
    """
    submission = await find(session, campaign, submission_id)
    wanted = "accepted" if accept else "refused"
    if submission.status == wanted:
        return submission
    if submission.status != "waiting":
        raise SubmissionDecided(f"It is {submission.status}.")
    await _decide(session, submission, campaign, wanted, by, reason)
    return submission


async def _decide(
    session: AsyncSession, submission: CampaignSubmission, campaign: Campaign, status: str, by: str, reason: str = ""
) -> None:
    submission.status, submission.decided_by, submission.reason = status, by, reason
    submission.decided_at = utc_now()
    await session.flush()
    if status == "accepted":
        await send(session, SubmissionAccepted(submission, campaign))


async def withdraw(
    session: AsyncSession, campaign: Campaign, creator: Creator, submission_id: UUID
) -> CampaignSubmission:
    """Withdraw a submission that waits.

    Raises:
        SubmissionUnknown: no such one of theirs; SubmissionDecided.
    """
    submission = await find(session, campaign, submission_id)
    if submission.creator_id != creator.id:
        raise SubmissionUnknown()
    if submission.status in {"accepted", "refused"}:
        raise SubmissionDecided(f"It is {submission.status}.")
    submission.status = "withdrawn"
    await session.flush()
    return submission


async def accept_due(session: AsyncSession, batch: int = BATCH) -> int:
    """Accept what nobody decided in time; returns how many."""
    query = select(CampaignSubmission, Campaign).join(Campaign, Campaign.id == CampaignSubmission.campaign_id)
    query = query.where(CampaignSubmission.status == "waiting", CampaignSubmission.due_at <= utc_now())
    query = query.order_by(CampaignSubmission.due_at).limit(batch)
    rows = (await session.execute(query.with_for_update(of=CampaignSubmission, skip_locked=True))).all()
    for submission, campaign in rows:
        await _decide(session, submission, campaign, "accepted", BY_CLOCK)
    return len(rows)


Row = tuple[CampaignSubmission, Creator, Moment]


async def of_campaign(
    session: AsyncSession,
    campaign_id: UUID,
    limit: int,
    after: UUID | None = None,
    *,
    creator_id: UUID | None = None,
    status: str | None = None,
) -> Sequence[Row]:
    """Submissions for a campaign (one creator's, or of one status), newest first."""
    query = select(CampaignSubmission, Creator, Moment).join(Creator, Creator.id == CampaignSubmission.creator_id)
    query = query.join(Moment, Moment.id == CampaignSubmission.moment_id)
    query = query.where(CampaignSubmission.campaign_id == campaign_id).order_by(CampaignSubmission.id.desc())
    if creator_id is not None:
        query = query.where(CampaignSubmission.creator_id == creator_id)
    if status is not None:
        query = query.where(CampaignSubmission.status == status)
    if after is not None:
        query = query.where(CampaignSubmission.id < after)
    return [(row, creator, moment) for row, creator, moment in await session.execute(query.limit(limit))]


async def one(session: AsyncSession, submission_id: UUID) -> Row:
    """A submission with its creator and moment."""
    query = select(CampaignSubmission, Creator, Moment).join(Creator, Creator.id == CampaignSubmission.creator_id)
    query = query.join(Moment, Moment.id == CampaignSubmission.moment_id)
    row = (await session.execute(query.where(CampaignSubmission.id == submission_id))).one()
    return row[0], row[1], row[2]
