"""What campaigns came to, in money: a budget and where it went, and each change that made it up."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import case, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.attribution.tables import Campaign
from groundswell.creators.tables import Creator
from groundswell.platform.clock import utc_now

from .campaign_budgets import budget_of, left_of
from .schemas import BudgetOut, CampaignEarningOut, CreatorName, CreatorSpending
from .tables import CampaignEarning

MOST_CREATORS = 200


async def spending(session: AsyncSession, campaign: Campaign) -> BudgetOut:
    """A campaign's budget, and where it went, the largest first.

    Raises:
        BudgetUnknown: it has not been funded.
    """
    budget = await budget_of(session, campaign.id)
    creators = await _by_creator(session, campaign.id)
    left, earned = await left_of(session, budget), sum(each.earned_minor for each in creators)
    return BudgetOut(
        campaign=campaign.key,
        currency=budget.currency,
        amount_minor=budget.amount_minor,
        earned_minor=earned,
        left_minor=left,
        returned_minor=budget.amount_minor - earned - left,
        held_minor=sum(each.held_minor for each in creators),
        cut_minor=sum(each.cut_minor for each in creators),
        funded_at=budget.funded_at,
        funded_by=budget.funded_by,
        settled_at=budget.settled_at,
        settle_reason=budget.settle_reason,
        creators=creators[:MOST_CREATORS],
    )


async def _by_creator(session: AsyncSession, campaign_id: UUID) -> list[CreatorSpending]:
    amount, now = CampaignEarning.amount_minor, utc_now()
    query = select(
        Creator,
        func.sum(amount),
        func.sum(case((CampaignEarning.held_until > now, amount), else_=0)),
        func.sum(case((CampaignEarning.payout_id.is_not(None), amount), else_=0)),
        func.sum(CampaignEarning.wanted_minor - amount),
    ).join(Creator, Creator.id == CampaignEarning.creator_id)
    query = query.where(CampaignEarning.campaign_id == campaign_id).group_by(Creator.id)
    rows = await session.execute(query.order_by(func.sum(amount).desc(), Creator.id))
    return [
        CreatorSpending(
            creator=CreatorName(id=creator.id, handle=creator.handle, display_name=creator.display_name),
            earned_minor=earned,
            held_minor=held,
            paid_minor=paid,
            cut_minor=max(cut, 0),
        )
        for creator, earned, held, paid, cut in rows
    ]


async def earnings(
    session: AsyncSession,
    limit: int,
    after: UUID | None = None,
    *,
    campaign_id: UUID | None = None,
    creator_id: UUID | None = None,
    payout_id: UUID | None = None,
) -> list[CampaignEarningOut]:
    """Changes, newest first: a campaign's, a creator's, a payout's."""
    query = select(CampaignEarning, Campaign.key, Creator.handle)
    query = query.join(Campaign, Campaign.id == CampaignEarning.campaign_id)
    query = query.join(Creator, Creator.id == CampaignEarning.creator_id)
    only = {"campaign_id": campaign_id, "creator_id": creator_id, "payout_id": payout_id}
    for name, value in only.items():
        if value is not None:
            query = query.where(getattr(CampaignEarning, name) == value)
    place = CampaignEarning.created_at, CampaignEarning.id
    if after is not None:
        was = select(*place).where(CampaignEarning.id == after).subquery()
        query = query.where(tuple_(*place) < select(was.c.created_at, was.c.id).scalar_subquery())
    rows = await session.execute(query.order_by(*(each.desc() for each in place)).limit(limit))
    return [_shown(*row) for row in rows]


def _shown(row: CampaignEarning, campaign: str, handle: str) -> CampaignEarningOut:
    same = {name: getattr(row, name) for name in CampaignEarningOut.model_fields if hasattr(row, name)}
    held = row.held_until > utc_now()
    status = "paid" if row.payout_id else "held" if held else "due"
    return CampaignEarningOut(**same | {"campaign": campaign, "creator": handle, "status": status})


async def of_creator(session: AsyncSession, creator_id: UUID) -> Sequence[tuple[Campaign, str, int, int]]:
    """What each campaign brought a creator: currency, earned and held, in minor units; the newest first."""
    amount = CampaignEarning.amount_minor
    held = func.sum(case((CampaignEarning.held_until > utc_now(), amount), else_=0))
    query = select(Campaign, CampaignEarning.currency, func.sum(amount), held)
    query = query.join(Campaign, Campaign.id == CampaignEarning.campaign_id)
    query = query.where(CampaignEarning.creator_id == creator_id).group_by(Campaign.id, CampaignEarning.currency)
    rows = await session.execute(query.order_by(Campaign.id.desc()))
    return [(campaign, currency, int(earned), int(still)) for campaign, currency, earned, still in rows]
