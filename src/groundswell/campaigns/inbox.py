"""The campaigns that a creator may see: open ones, and those that invited or took them."""

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.attribution.campaigns import CampaignUnknown, find_campaign
from groundswell.attribution.tables import Campaign
from groundswell.creators.tables import Creator

from .brief import brief_of, open_briefs, shown_brief
from .lifecycle import shown
from .membership import member_of, parts_of
from .schemas import CampaignOut, InboxEntry
from .tables import CampaignBrief, CampaignMember
from .views import member_out


async def inbox(session: AsyncSession, creator: Creator) -> list[InboxEntry]:
    """Campaigns that are not over, those that end first first."""
    parts = await parts_of(session, creator.id)
    rows = [
        (campaign, brief)
        for campaign, brief in await open_briefs(session)
        if may_see(campaign, brief, creator, parts.get(campaign.id))
    ]
    about = await shown(session, [campaign for campaign, _ in rows])
    return [
        _entry(campaign, brief, told, parts.get(campaign.id), creator)
        for (campaign, brief), told in zip(rows, about, strict=True)
    ]


async def entry(session: AsyncSession, creator: Creator, key: str) -> InboxEntry:
    """One campaign as a creator sees it.

    Raises:
        CampaignUnknown: there is none, or it is not for them; BriefMissing.
    """
    campaign = await find_campaign(session, key)
    brief = await brief_of(session, campaign.id)
    part = await member_of(session, campaign.id, creator.id)
    if not may_see(campaign, brief, creator, part):
        raise CampaignUnknown(f"There is no campaign {key}.")
    (told,) = await shown(session, [campaign])
    return _entry(campaign, brief, told, part, creator)


def may_see(campaign: Campaign, brief: CampaignBrief, creator: Creator, part: CampaignMember | None) -> bool:
    """Whether a creator may see a campaign: their own part in it, or open, and not for others only."""
    if part is not None:
        return True
    return brief.entry == "open" and (campaign.creators is None or creator.viewer_id in campaign.creators)


def _entry(
    campaign: Campaign, brief: CampaignBrief, told: CampaignOut, part: CampaignMember | None, creator: Creator
) -> InboxEntry:
    return InboxEntry(
        campaign=told, brief=shown_brief(campaign, brief), part=None if part is None else member_out(part, creator)
    )
