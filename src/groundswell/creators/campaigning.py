"""Campaigns over HTTP: made once, read, ended early. What they brought is read at ``/v1/campaigns/{key}/results``."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from groundswell.accounts.access import Caller, staff
from groundswell.attribution.campaigns import find_campaign
from groundswell.platform.pages import Cursor, Limit, Page, decode_cursor, next_cursor
from groundswell.platform.routing import DbSession, TransactionalRoute

from . import campaigns
from .campaign_schemas import CampaignOut, NewCampaign

router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"], route_class=TransactionalRoute)
Marketer = Annotated[Caller, Depends(staff("marketer"))]


@router.post("", status_code=201)
async def make_campaign(new: NewCampaign, request: Request, session: DbSession, caller: Marketer) -> CampaignOut:
    """Make a campaign. Its credit is reckoned by the model, version and attribution window that are fixed now,
    whatever becomes the default later; nothing of it can be changed, but it can be ended early."""
    made = await campaigns.make(session, request.app.state.settings, new, caller.id)
    (shown,) = await campaigns.shown(session, [made])
    return shown


@router.get("")
async def list_campaigns(
    session: DbSession, caller: Marketer, cursor: Cursor = None, limit: Limit = 50
) -> Page[CampaignOut]:
    """Campaigns, newest first."""
    rows = await campaigns.recent(session, limit, decode_cursor(cursor))
    return Page(items=await campaigns.shown(session, rows), next=next_cursor(rows, limit))


@router.get("/{key}")
async def read_campaign(key: str, session: DbSession, caller: Marketer) -> CampaignOut:
    """One campaign."""
    (shown,) = await campaigns.shown(session, [await find_campaign(session, key)])
    return shown


@router.post("/{key}/end")
async def end_campaign(key: str, session: DbSession, caller: Marketer) -> CampaignOut:
    """End a campaign now: later visits are not its own; earlier ones go on earning credit within its window. Ending one
    that is over changes nothing."""
    campaign = await find_campaign(session, key)
    await campaigns.end(session, campaign)
    (shown,) = await campaigns.shown(session, [campaign])
    return shown
