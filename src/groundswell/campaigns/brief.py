"""Briefs: published once for a campaign, paused and resumed, and read."""

from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.attribution.tables import Campaign
from groundswell.catalog.titles import find_title
from groundswell.platform.clock import utc_now
from groundswell.platform.problems import Conflict, Invalid, NotFound
from groundswell.platform.settings import Settings

from .disclosure import captioned, disclosures
from .schemas import BriefOut, Disclosure, NewBrief
from .tables import CampaignBrief
from .terms import COUNTS, CampaignTerm


class BriefPublished(Conflict):
    code, title = "brief_published", "This campaign's brief has been published; what was promised stays."


class BriefMissing(NotFound):
    code, title = "brief_missing", "This campaign has no brief: it asks nothing of creators, and pays nobody."


class BriefTooLate(Conflict):
    code, title = "brief_too_late", "This campaign is over."


class BudgetMissing(Invalid):
    code, title = "budget_missing", "A campaign that pays has a budget, named when it is made."


class HoldBelowRefunds(Invalid):
    code, title = "hold_below_refunds", "Earnings are held at least for as long as sales may be refunded."


async def publish(
    session: AsyncSession, settings: Settings, campaign: Campaign, new: NewBrief, by: str
) -> CampaignBrief:
    """Publish what a campaign asks for and pays.

    Raises:
        BriefPublished, BriefTooLate, BudgetMissing, HoldBelowRefunds: as they say.
        TitleUnknown: a scene is of no title that there is.
    """
    if campaign.until <= utc_now():
        raise BriefTooLate()
    if new.terms and not campaign.budget_minor:
        raise BudgetMissing()
    hold = settings.refund_window_days if new.hold_days is None else new.hold_days
    if hold < settings.refund_window_days:
        raise HoldBelowRefunds(f"Earnings are held {settings.refund_window_days} days or more.")
    for scene in new.scenes:
        await find_title(session, scene.title)
    values = new.model_dump(exclude={"terms", "hold_days"}) | {
        "campaign_id": campaign.id,
        "terms": [asdict(CampaignTerm(**term.model_dump())) for term in new.terms],
        "hold_days": hold,
        "published_by": by,
    }
    made = insert(CampaignBrief).values(values).on_conflict_do_nothing().returning(CampaignBrief)
    brief: CampaignBrief | None = await session.scalar(made)
    if brief is None:
        raise BriefPublished()
    return brief


async def brief_of(session: AsyncSession, campaign_id: UUID) -> CampaignBrief:
    """A campaign's brief.

    Raises:
        BriefMissing: it has none.
    """
    brief = await session.get(CampaignBrief, campaign_id)
    if brief is None:
        raise BriefMissing()
    return brief


async def pause(session: AsyncSession, campaign: Campaign, *, paused: bool) -> CampaignBrief:
    """Take nobody and no post in for the time being, or again. What is out goes on being paid, as was promised."""
    brief = await brief_of(session, campaign.id)
    brief.paused_at = (brief.paused_at or utc_now()) if paused else None
    await session.flush()
    return brief


async def open_briefs(session: AsyncSession, limit: int = 50) -> Sequence[tuple[Campaign, CampaignBrief]]:
    """Campaigns with a brief that are not over, those that end first first."""
    query = select(Campaign, CampaignBrief).join(CampaignBrief, CampaignBrief.campaign_id == Campaign.id)
    lasting = query.where(Campaign.ends_at > utc_now(), Campaign.ended_at.is_(None))
    rows = await session.execute(lasting.order_by(Campaign.ends_at, Campaign.id).limit(limit))
    return [(campaign, brief) for campaign, brief in rows]


def shown_brief(campaign: Campaign, brief: CampaignBrief) -> BriefOut:
    """As it crosses HTTP: sample captions with what a paid post has to say where the campaign runs."""
    same = {name: getattr(brief, name) for name in BriefOut.model_fields if hasattr(brief, name)}
    said = [
        Disclosure(territory=each, words=words, rule=rule) for each, words, rule in disclosures(campaign.territories)
    ]
    return BriefOut(
        **same
        | {
            "currency": campaign.currency,
            "captions": [captioned(caption, campaign.territories) for caption in brief.captions],
            "disclosures": said,
            "terms": [term | {"counts": COUNTS[term["kind"]]} for term in brief.terms],
        }
    )
