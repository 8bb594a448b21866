"""Whom to partner with, over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller, staff
from groundswell.attribution.campaigns import find_campaign
from groundswell.attribution.models import PPM
from groundswell.catalog.titles import find_title
from groundswell.creators import invitations
from groundswell.creators.profiles import CreatorUnknown
from groundswell.creators.results import period
from groundswell.creators.schemas import RevenueAmount
from groundswell.platform.pages import Cursor, Limit, Page, decode_cursor, next_cursor
from groundswell.platform.routing import DbSession, TransactionalRoute

from .membership import statuses
from .schemas import ExpectedOut, PartnerOut, SharedRowOut, Shortlist
from .shortlist import COUNTS, Partner, ShortlistQuery, partner_names, shares_behind, shortlist

router = APIRouter(prefix="/v1/shortlist", tags=["campaigns"], route_class=TransactionalRoute)
Marketer = Annotated[Caller, Depends(staff("campaigns.manage"))]
Territory = Annotated[str | None, Query(pattern="^[A-Z]{2}$", description="Of those who came, and subscribed.")]
Channel = Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$", description="Where things were shared.")]
Begin = Annotated[datetime | None, Query(alias="from", description="30 days ago by default.")]
End = Annotated[datetime | None, Query(alias="to", description="Exclusive; now by default.")]


def asked(begin: Begin = None, end: End = None, channel: Channel = None, territory: Territory = None) -> ShortlistQuery:
    """A dependency: the period and what it is narrowed to."""
    return ShortlistQuery(*period(begin, end), channel=channel or None, territory=territory)


Asked = Annotated[ShortlistQuery, Depends(asked)]


@router.get("")
async def read_shortlist(
    session: DbSession,
    caller: Marketer,
    asked: Asked,
    title: Annotated[str | None, Query(max_length=200, description="Slug or id: whom it would fit.")] = None,
    campaign: Annotated[str | None, Query(max_length=100, description="Key: whom its titles fit.")] = None,
) -> Shortlist:
    """Whom to partner with: those who are surely worth most, first. Each figure is of rows that can be read."""
    return await shown(session, asked, title, campaign)


async def shown(session: AsyncSession, asked: ShortlistQuery, title: str | None, campaign: str | None) -> Shortlist:
    """The shortlist as it crosses HTTP.

    Raises:
        TitleUnknown, CampaignUnknown.
    """
    found = await find_campaign(session, campaign) if campaign else None
    titles = [(await find_title(session, title)).id] if title else found.titles or [] if found else []
    asked = ShortlistQuery(asked.begin, asked.end, asked.channel, asked.territory, titles)
    partners = await shortlist(session, asked)
    ids = [one.creator.id for one in partners if one.creator]
    parts = await statuses(session, found.id, ids) if found else {}
    invited = await invitations.states(session, [one.viewer_id for one in partners])
    items = [
        _out(one, parts.get(one.creator.id) if one.creator else None, invited.get(one.viewer_id)) for one in partners
    ]
    return Shortlist(begin=asked.begin, end=asked.end, counts=COUNTS, items=items)


def _out(one: Partner, part: str | None, invitation: str | None) -> PartnerOut:
    return PartnerOut(
        viewer_id=one.viewer_id,
        creator=one.creator.handle if one.creator else None,
        display_name=one.creator.display_name if one.creator else None,
        shares=one.shares,
        subscriptions_millionths=round(one.subscriptions * PPM),
        expected=ExpectedOut(
            mean_ppm=round(one.expected.mean * PPM),
            low_ppm=round(one.expected.low * PPM),
            high_ppm=round(one.expected.high * PPM),
        ),
        clicks=one.clicks,
        robots=one.robots,
        quality_ppm=_ppm(one.quality),
        people=one.people,
        added_people=one.added.people,
        place=one.added.place,
        earlier_people=one.earlier,
        later_people=one.later,
        fit_ppm=_ppm(one.fit),
        channels=one.channels,
        territories=one.territories,
        earned=[
            RevenueAmount(amount_minor=minor, currency=of) for of, minor in sorted(one.earned.items()) if minor > 0
        ],
        part=part,
        invitation=invitation,
    )


def _ppm(part: float | None) -> int | None:
    return None if part is None else round(part * PPM)


@router.get("/{viewer_id}/shares")
async def list_shares_behind(
    viewer_id: UUID, session: DbSession, caller: Marketer, asked: Asked, cursor: Cursor = None, limit: Limit = 50
) -> Page[SharedRowOut]:
    """The shares behind somebody's figures, newest first: what they brought adds up to them."""
    if await partner_names(session, viewer_id) is None:
        raise CreatorUnknown()
    rows = await shares_behind(session, asked, viewer_id, limit, decode_cursor(cursor))
    items = [
        SharedRowOut(
            id=row.id,
            moment_id=row.share.moment_id,
            channel=row.share.channel,
            created_at=row.share.created_at,
            subscriptions_millionths=round(row.subscriptions * PPM),
            clicks=row.clicks,
            robots=row.robots,
        )
        for row in rows
    ]
    return Page[SharedRowOut](items=items, next=next_cursor(rows, limit))
