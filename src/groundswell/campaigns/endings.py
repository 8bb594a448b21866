"""Noticing that campaigns are over, once each, and telling the features above (``CampaignEnded``)."""

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.attribution.tables import Campaign
from groundswell.platform.clock import utc_now
from groundswell.platform.signals import send

from .signals import CampaignEnded
from .tables import CampaignEnd

BATCH = 100


async def notice(session: AsyncSession, campaign: Campaign) -> bool:
    """Tell that ``campaign`` is over; False when that was told before."""
    row = insert(CampaignEnd).values(campaign_id=campaign.id, noticed_at=utc_now()).on_conflict_do_nothing()
    if await session.scalar(row.returning(CampaignEnd.campaign_id)) is None:
        return False
    await send(session, CampaignEnded(campaign))
    return True


async def notice_due(session: AsyncSession, batch: int = BATCH) -> int:
    """Notice campaigns whose time is over, at most ``batch`` of them; returns how many."""
    over = func.least(Campaign.ends_at, Campaign.ended_at) <= utc_now()
    untold = ~select(CampaignEnd.campaign_id).where(CampaignEnd.campaign_id == Campaign.id).exists()
    query = select(Campaign).where(over, untold).order_by(Campaign.ends_at, Campaign.id).limit(batch)
    return sum([await notice(session, campaign) for campaign in (await session.scalars(query)).all()])
