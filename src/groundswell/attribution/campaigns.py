"""Campaigns: finding one, how far back they need touches, and which touches are a campaign's.

Belonging is never stored: whatever has one of a campaign's titles, creators and territories, in its window, is its own.
"""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.problems import NotFound
from groundswell.platform.settings import Settings
from groundswell.shares.tables import Share

from .tables import Campaign, Conversion, Touch

WINDOW_MOST = timedelta(days=365)


class CampaignUnknown(NotFound):
    code, title = "campaign_unknown", "There is no such campaign."


async def find_campaign(session: AsyncSession, key: str) -> Campaign:
    """The campaign of that key.

    Raises:
        CampaignUnknown.
    """
    found: Campaign | None = await session.scalar(select(Campaign).filter_by(key=key.replace("\0", "")))
    if found is None:
        raise CampaignUnknown(f"There is no campaign {key}.")
    return found


async def longest_window(session: AsyncSession, settings: Settings) -> int:
    """Days for which touches must be known: the service's, or those of a campaign made when they were more."""
    lasting = Campaign.ends_at >= utc_now() - WINDOW_MOST
    longest = await session.scalar(select(func.max(Campaign.attribution_window_days)).where(lasting))
    return max(settings.attribution_window_days, longest or 0)


def _belonging(campaign: Campaign) -> list[ColumnElement[bool]]:
    """What makes a touch (outer-joined to its share and moment) one of the campaign's.

    A creator's code is of no title: it is the campaign's when its creator is and no titles are named.
    """
    found: list[ColumnElement[bool]] = [Touch.at >= campaign.begins_at, Touch.at < campaign.until]
    if campaign.titles is not None:
        found.append(among(Moment.title_id, campaign.titles))
    if campaign.creators is not None:
        found.append(or_(among(Moment.viewer_id, campaign.creators), among(Touch.sharer_id, campaign.creators)))
    return found


def converted_by(campaign: Campaign, of: type[Conversion] = Conversion) -> list[ColumnElement[bool]]:
    """What makes a conversion (refunds apart) one that some of the campaign's touches may have led to; ``of`` may be
    an alias."""
    end = campaign.until + timedelta(days=campaign.attribution_window_days)
    found: list[ColumnElement[bool]] = [of.kind != "refund", of.at >= campaign.begins_at]
    found += [of.at < end, _touches(campaign).where(Touch.viewer_id == of.viewer_id).exists()]
    if campaign.territories is not None:
        there = select(Viewer.id).where(among(Viewer.territory, campaign.territories))
        found.append(of.viewer_id.in_(there))
    return found


async def touches_of(session: AsyncSession, campaign: Campaign, viewers: Iterable[UUID]) -> frozenset[UUID]:
    """Those touches of ``viewers`` that are the campaign's."""
    theirs = _touches(campaign).where(among(Touch.viewer_id, set(viewers)))
    return frozenset(await session.scalars(theirs))


def _touches(campaign: Campaign) -> Select[UUID]:
    query = select(Touch.id).outerjoin(Share, Share.id == Touch.share_id)
    return query.outerjoin(Moment, Moment.id == Share.moment_id).where(*_belonging(campaign))
