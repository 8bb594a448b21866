"""Making a campaign, with the rule by which its credit will be reckoned, and ending it early."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.attribution.models import DEFAULT_MODEL, MODELS_VERSION
from groundswell.attribution.refusals import CurrencyUnknown
from groundswell.attribution.schemas import Money
from groundswell.attribution.tables import Campaign
from groundswell.catalog.tables import Title
from groundswell.catalog.titles import find_title
from groundswell.creators.profiles import named
from groundswell.creators.tables import Creator
from groundswell.platform.clock import utc_now
from groundswell.platform.currencies import in_use
from groundswell.platform.database import among
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import Conflict, Invalid
from groundswell.platform.settings import Settings

from .endings import notice
from .schemas import CampaignOut, NewCampaign

LONGEST = timedelta(days=400)


class CampaignTaken(Conflict):
    code, title = "campaign_taken", "There is a campaign of this key already."


class CampaignPeriodInvalid(Invalid):
    code, title = "campaign_period_invalid", f"A campaign begins before it ends and has at most {LONGEST.days} days."


class CampaignWindowTooLong(Invalid):
    code, title = "campaign_window_too_long", "Touches are not known for so long."


MOST = 500
"""Campaigns that are not over, at one time: each visit is asked of which of them it is."""


class CampaignsFull(Conflict):
    code, title = "campaigns_full", f"There are {MOST} campaigns already that are not over; end one first."


async def make(session: AsyncSession, settings: Settings, new: NewCampaign, made_by: UUID | None) -> Campaign:
    """Make a campaign: from now on nothing of it changes but that it can end early.

    Raises:
        CampaignsFull, CampaignTaken, CampaignPeriodInvalid, CampaignWindowTooLong, CurrencyUnknown: as they say.
        TitleUnknown, CreatorUnknown: it names one that there is not.
    """
    if not timedelta() < new.ends_at - new.begins_at <= LONGEST:
        raise CampaignPeriodInvalid()
    days = new.attribution_window_days or settings.attribution_window_days
    if days > settings.attribution_window_days:
        raise CampaignWindowTooLong(f"Touches are known for {settings.attribution_window_days} days here.")
    going = select(func.count()).select_from(Campaign).filter_by(ended_at=None).where(Campaign.ends_at > utc_now())
    if (await session.scalar(going) or 0) >= MOST:
        raise CampaignsFull()
    titles = None if new.titles is None else sorted({(await find_title(session, each)).id for each in new.titles})
    creators = None if new.creators is None else {(await named(session, each)).viewer_id for each in new.creators}
    values = {
        "id": uuid7(),
        **new.model_dump(include={"key", "name", "begins_at", "ends_at", "terms"}),
        "titles": titles,
        "creators": None if creators is None else sorted(creators),
        "territories": None if new.territories is None else sorted(set(new.territories)),
        "model": new.model or DEFAULT_MODEL,
        "model_version": MODELS_VERSION,
        "attribution_window_days": days,
        **_budget(new.budget),
        "created_by": made_by,
    }
    statement = insert(Campaign).values(values).on_conflict_do_nothing().returning(Campaign)
    campaign: Campaign | None = await session.scalar(statement)
    if campaign is None:
        raise CampaignTaken(f"There is a campaign {new.key} already.")
    return campaign


def _budget(budget: Money | None) -> dict[str, object]:
    if budget is None:
        return {"budget_minor": None, "currency": None}
    if budget.currency not in in_use():
        raise CurrencyUnknown(f"{budget.currency} is not a currency of ISO 4217.")
    return {"budget_minor": budget.minor, "currency": budget.currency}


async def end(session: AsyncSession, campaign: Campaign) -> None:
    """End it now; one that is over stays as it was."""
    now = utc_now()
    if campaign.ended_at is None and now < campaign.ends_at:
        campaign.ended_at = now
        await session.flush()
        await notice(session, campaign)


async def recent(session: AsyncSession, limit: int, after: UUID | None = None) -> Sequence[Campaign]:
    """Campaigns, newest first."""
    query = select(Campaign).order_by(Campaign.id.desc()).limit(limit)
    return (await session.scalars(query if after is None else query.where(Campaign.id < after))).all()


async def shown(session: AsyncSession, campaigns: Sequence[Campaign]) -> list[CampaignOut]:
    """As they cross HTTP: titles by slug, creators by handle."""
    titles = {id for each in campaigns for id in each.titles or ()}
    viewers = {id for each in campaigns for id in each.creators or ()}
    slugs = await session.execute(select(Title.id, Title.slug).where(among(Title.id, titles)))
    handles = await session.execute(select(Creator.viewer_id, Creator.handle).where(among(Creator.viewer_id, viewers)))
    names = {row[0]: row[1] for row in (*slugs, *handles)}
    return [_shown(campaign, names) for campaign in campaigns]


def _shown(campaign: Campaign, names: Mapping[UUID, str]) -> CampaignOut:
    def called(ids: Sequence[UUID] | None) -> list[str] | None:
        return None if ids is None else sorted(names.get(id, str(id)) for id in ids)

    money = campaign.currency and Money(minor=campaign.budget_minor or 0, currency=campaign.currency)
    same = {name: getattr(campaign, name) for name in CampaignOut.model_fields if hasattr(campaign, name)}
    same |= {"titles": called(campaign.titles), "creators": called(campaign.creators), "budget": money or None}
    return CampaignOut(**same)
