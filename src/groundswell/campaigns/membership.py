"""Who takes part in a campaign: invited or applying, accepted or refused with a reason, leaving."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.attribution.tables import Campaign
from groundswell.creators.profiles import named
from groundswell.creators.tables import Creator
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import Conflict, NotFound, Problem
from groundswell.platform.signals import send

from .brief import brief_of
from .signals import CampaignInvitation
from .tables import CampaignBrief, CampaignMember

LEAVING = {"invited": "declined", "applied": "withdrawn", "accepted": "left"}
"""What becomes of a part that its creator gives up."""


class CampaignOver(Conflict):
    code, title = "campaign_over", "This campaign is over."


class CampaignPaused(Conflict):
    code, title = "campaign_paused", "This campaign takes nothing in for the time being."


class InvitationNeeded(Problem):
    status, code, title = 403, "invitation_needed", "This campaign is for creators who were invited."


class MemberUnknown(NotFound):
    code, title = "member_unknown", "This creator has neither applied nor been invited."


class MemberDecided(Conflict):
    code, title = "member_decided", "That has been decided."


class NotForYou(Problem):
    status, code, title = 403, "campaign_of_others", "This campaign names the creators that it is for."


async def check_open(session: AsyncSession, campaign: Campaign) -> CampaignBrief:
    """The brief of a campaign that takes creators and posts in now.

    Raises:
        BriefMissing, CampaignOver, CampaignPaused.
    """
    brief = await brief_of(session, campaign.id)
    if campaign.until <= utc_now():
        raise CampaignOver()
    if brief.paused_at is not None:
        raise CampaignPaused()
    return brief


async def invite(session: AsyncSession, campaign: Campaign, handles: Iterable[str], by: str) -> int:
    """Invite creators, who are told; returns how many were not there yet. Who has applied is accepted by it; who has
    declined is not asked again.

    Raises:
        BriefMissing, CampaignOver, CampaignPaused; CreatorUnknown: one of them is no creator.
        NotForYou: the campaign names its creators, and one is not among them.
    """
    await check_open(session, campaign)
    fresh = 0
    for handle in sorted(set(handles)):
        creator = await named(session, handle)
        _check_named(campaign, creator)
        member, made = await _member(session, campaign.id, creator.id, "invited")
        if made:
            fresh += 1
            await send(session, CampaignInvitation(member))
        elif member.status == "applied":
            _decide(member, "accepted", by)
    await session.flush()
    return fresh


def _check_named(campaign: Campaign, creator: Creator) -> None:
    if campaign.creators is not None and creator.viewer_id not in campaign.creators:
        raise NotForYou()


async def _member(
    session: AsyncSession, campaign_id: UUID, creator_id: UUID, status: str
) -> tuple[CampaignMember, bool]:
    """The creator's part, made when there is none; and whether it was."""
    row = {"id": uuid7(), "campaign_id": campaign_id, "creator_id": creator_id, "status": status}
    made = await session.scalar(
        insert(CampaignMember).values(row).on_conflict_do_nothing().returning(CampaignMember.id)
    )
    query = select(CampaignMember).filter_by(campaign_id=campaign_id, creator_id=creator_id).with_for_update()
    return (await session.scalars(query.execution_options(populate_existing=True))).one(), made is not None


def _decide(member: CampaignMember, status: str, by: str, reason: str = "") -> None:
    member.status, member.decided_by, member.decided_at, member.reason = status, by, utc_now(), reason


async def apply(session: AsyncSession, campaign: Campaign, creator: Creator, note: str, by: str) -> CampaignMember:
    """Apply for a campaign, or take its invitation: agrees to the brief as it is. Asking twice changes nothing.

    Raises:
        BriefMissing, CampaignOver, CampaignPaused, InvitationNeeded, NotForYou; MemberDecided: they were refused.
    """
    brief = await check_open(session, campaign)
    _check_named(campaign, creator)
    if brief.entry == "invited" and await member_of(session, campaign.id, creator.id) is None:
        raise InvitationNeeded()
    member, _ = await _member(session, campaign.id, creator.id, "applied")
    if member.status == "refused":
        raise MemberDecided(member.reason)
    if member.status == "invited" or (member.status == "left" and member.decided_by is not None):
        _decide(member, "accepted", by)
    elif member.status in ("left", "withdrawn", "declined"):
        member.status = "applied"
    if member.agreed_at is None:
        member.agreed_at, member.note = utc_now(), note
    await session.flush()
    return member


async def leave(session: AsyncSession, campaign: Campaign, creator: Creator) -> CampaignMember:
    """Leave a campaign, decline its invitation, or withdraw an application: whichever there is. What was earned stays;
    posts that were accepted go on earning.

    Raises:
        MemberUnknown.
    """
    query = select(CampaignMember).filter_by(campaign_id=campaign.id, creator_id=creator.id).with_for_update()
    member: CampaignMember | None = await session.scalar(query)
    if member is None:
        raise MemberUnknown()
    member.status = LEAVING.get(member.status, member.status)
    await session.flush()
    return member


async def decide(
    session: AsyncSession, campaign: Campaign, handle: str, by: str, *, accept: bool, reason: str = ""
) -> CampaignMember:
    """Accept or refuse (with a reason) who has applied.

    Raises:
        CreatorUnknown, MemberUnknown; MemberDecided: that was decided otherwise.
    """
    creator = await named(session, handle)
    query = select(CampaignMember).filter_by(campaign_id=campaign.id, creator_id=creator.id).with_for_update()
    member: CampaignMember | None = await session.scalar(query)
    if member is None:
        raise MemberUnknown()
    wanted = "accepted" if accept else "refused"
    if member.status == wanted:
        return member
    if member.status != "applied":
        raise MemberDecided(f"It is {member.status}.")
    _decide(member, wanted, by, reason)
    await session.flush()
    return member


async def member_of(session: AsyncSession, campaign_id: UUID, creator_id: UUID) -> CampaignMember | None:
    """A creator's part in a campaign."""
    found: CampaignMember | None = await session.scalar(
        select(CampaignMember).filter_by(campaign_id=campaign_id, creator_id=creator_id)
    )
    return found


async def members(
    session: AsyncSession, campaign_id: UUID, limit: int, after: UUID | None = None
) -> Sequence[tuple[CampaignMember, Creator]]:
    """Who takes part or wants to, newest first."""
    query = select(CampaignMember, Creator).join(Creator, Creator.id == CampaignMember.creator_id)
    query = query.where(CampaignMember.campaign_id == campaign_id).order_by(CampaignMember.id.desc()).limit(limit)
    if after is not None:
        query = query.where(CampaignMember.id < after)
    return [(member, creator) for member, creator in await session.execute(query)]


async def statuses(session: AsyncSession, campaign_id: UUID, creators: Collection[UUID]) -> dict[UUID, str]:
    """What part those among ``creators`` have in a campaign who have any."""
    query = select(CampaignMember.creator_id, CampaignMember.status).filter_by(campaign_id=campaign_id)
    rows = await session.execute(query.where(among(CampaignMember.creator_id, creators)))
    return {row.creator_id: row.status for row in rows}


async def parts_of(session: AsyncSession, creator_id: UUID) -> dict[UUID, CampaignMember]:
    """A creator's parts, by campaign."""
    found = await session.scalars(select(CampaignMember).filter_by(creator_id=creator_id))
    return {member.campaign_id: member for member in found}
