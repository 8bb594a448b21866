"""Campaigns' budgets: funded by finance, spent by what creators bring, and settled: the rest goes back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.actors import actor_of
from groundswell.attribution.tables import Campaign
from groundswell.campaigns.brief import BudgetMissing, brief_of
from groundswell.campaigns.tables import CampaignBrief
from groundswell.campaigns.terms import CampaignTerm, read
from groundswell.platform.clock import utc_now
from groundswell.platform.problems import Conflict, NotFound, Problem

from .campaign_recounts import note_campaign, waiting
from .ledger import Posting, account_id, balance, hold_balance, open_account, post, posting_id
from .rules import period_of
from .tables import CampaignBudget

KEPT = timedelta(days=400)
"""For so long after it was settled, what a campaign brought is still taken back when it was not earned."""


class BudgetFunded(Conflict):
    code, title = "budget_funded", "This campaign's budget has been funded."


class BudgetUnknown(NotFound):
    code, title = "budget_unknown", "This campaign's budget has not been funded."


class BudgetSettled(Conflict):
    code, title = "budget_settled", "This campaign has been settled."


class CampaignLasting(Conflict):
    code, title = "campaign_lasting", "What this campaign's links lead to may still be earned; settle it after that."


class CampaignOwn(Problem):
    status, code, title = 403, "campaign_own", "Whoever made a campaign does not fund it; somebody else does."


@dataclass(frozen=True)
class Funded:
    """A campaign that pays."""

    campaign: Campaign
    brief: CampaignBrief
    budget: CampaignBudget

    @property
    def account(self) -> UUID:
        return account_id("campaign", self.campaign.id, self.budget.currency)

    @property
    def terms(self) -> list[CampaignTerm]:
        return read(self.brief.terms)


async def fund(session: AsyncSession, campaign: Campaign, by: str) -> CampaignBudget:
    """Set a campaign's budget aside. From now on what its creators bring, and have brought, is paid from it.

    Raises:
        BriefMissing, BudgetMissing, CampaignOwn, BudgetFunded: as they say.
    """
    brief = await brief_of(session, campaign.id)
    if not campaign.budget_minor or campaign.currency is None:
        raise BudgetMissing()
    if by in {brief.published_by, campaign.created_by and actor_of(campaign.created_by)}:
        raise CampaignOwn()
    row = {"campaign_id": campaign.id, "currency": campaign.currency, "amount_minor": campaign.budget_minor}
    made = insert(CampaignBudget).values(row | {"funded_by": by}).on_conflict_do_nothing().returning(CampaignBudget)
    budget: CampaignBudget | None = await session.scalar(made)
    if budget is None:
        raise BudgetFunded()
    source = await open_account(session, "funding", "service", budget.currency)
    target = await open_account(session, "campaign", campaign.id, budget.currency)
    told = {"campaign": str(campaign.id), "by": by}
    identity, period = posting_id("campaign", campaign.id, "funded"), period_of(utc_now())
    await post(
        session,
        Posting(identity, source, target, budget.amount_minor, budget.currency, period, "campaign_funded", told),
    )
    await note_campaign(session, campaign)
    return budget


async def budget_of(session: AsyncSession, campaign_id: UUID) -> CampaignBudget:
    """A campaign's budget.

    Raises:
        BudgetUnknown: it has not been funded.
    """
    budget = await session.get(CampaignBudget, campaign_id)
    if budget is None:
        raise BudgetUnknown()
    return budget


async def settle(session: AsyncSession, campaign: Campaign, by: str, reason: str) -> CampaignBudget:
    """Return what a campaign did not spend. What is taken back of it later goes to the service, too.

    Raises:
        BudgetUnknown, BudgetSettled; CampaignLasting: it may still bring something.
    """
    budget = await budget_of(session, campaign.id)
    account = account_id("campaign", campaign.id, budget.currency)
    left = await hold_balance(session, account)
    await session.refresh(budget)
    if budget.settled_at is not None:
        raise BudgetSettled()
    lasts = campaign.until + timedelta(days=campaign.attribution_window_days)
    if lasts > utc_now() or await waiting(session, campaign):
        raise CampaignLasting(f"Earned until {lasts:%Y-%m-%d %H:%M} UTC.", until=lasts.isoformat())
    budget.settled_at, budget.settled_by, budget.settle_reason = utc_now(), by, reason
    if left:
        target = await open_account(session, "funding", "service", budget.currency)
        told = {"campaign": str(campaign.id), "by": by, "reason": reason}
        identity, period = posting_id("campaign", campaign.id, "settled"), period_of(budget.settled_at)
        await post(session, Posting(identity, account, target, left, budget.currency, period, "campaign_settled", told))
    await session.flush()
    return budget


async def funded(session: AsyncSession, campaign_id: UUID | None = None) -> Sequence[Funded]:
    """Campaigns that pay, or were settled so lately that something may still be taken back; in order of id."""
    query = select(Campaign, CampaignBrief, CampaignBudget).join(
        CampaignBrief, CampaignBrief.campaign_id == Campaign.id
    )
    query = query.join(CampaignBudget, CampaignBudget.campaign_id == Campaign.id).order_by(Campaign.id)
    if campaign_id is not None:
        query = query.where(Campaign.id == campaign_id)
    query = query.where(func.coalesce(CampaignBudget.settled_at, utc_now()) > utc_now() - KEPT)
    rows = await session.execute(query.execution_options(populate_existing=True))
    return [Funded(campaign, brief, budget) for campaign, brief, budget in rows]


async def left_of(session: AsyncSession, budget: CampaignBudget) -> int:
    """What a budget still holds, in minor units."""
    return await balance(session, account_id("campaign", budget.campaign_id, budget.currency))
