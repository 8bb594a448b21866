"""Campaigns over HTTP: made once, read, ended early; and what each brought."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from groundswell.accounts.access import Caller, staff
from groundswell.attribution.campaigns import find_campaign
from groundswell.insights.access import reader
from groundswell.insights.schemas import CampaignReport
from groundswell.platform.pages import Cursor, Limit, Page, decode_cursor, next_cursor
from groundswell.platform.routing import DbSession, TransactionalRoute
from groundswell.platform.services import services_of

from . import lifecycle
from .results import campaign_report
from .schemas import CampaignOut, NewCampaign

router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"], route_class=TransactionalRoute)
Marketer = Annotated[Caller, Depends(staff("campaigns.manage"))]
By = Annotated[str, Query(description="What the rows tell apart: any dimension of `/v1/reports/by/{dimension}`.")]


@router.post("", status_code=201)
async def make_campaign(new: NewCampaign, request: Request, session: DbSession, caller: Marketer) -> CampaignOut:
    """Make a campaign. Its credit is reckoned by the model, version and attribution window that are fixed now,
    whatever becomes the default later; nothing of it can be changed, but it can be ended early."""
    made = await lifecycle.make(session, services_of(request).settings, new, caller.id)
    (shown,) = await lifecycle.shown(session, [made])
    return shown


@router.get("")
async def list_campaigns(
    session: DbSession, caller: Marketer, cursor: Cursor = None, limit: Limit = 50
) -> Page[CampaignOut]:
    """Campaigns, newest first."""
    rows = await lifecycle.recent(session, limit, decode_cursor(cursor))
    return Page(items=await lifecycle.shown(session, rows), next=next_cursor(rows, limit))


@router.get("/{key}")
async def read_campaign(key: str, session: DbSession, caller: Marketer) -> CampaignOut:
    """One campaign."""
    (shown,) = await lifecycle.shown(session, [await find_campaign(session, key)])
    return shown


@router.post("/{key}/end")
async def end_campaign(key: str, session: DbSession, caller: Marketer) -> CampaignOut:
    """End a campaign now: later visits are not its own; earlier ones go on earning credit within its window. Ending one
    that is over changes nothing."""
    campaign = await find_campaign(session, key)
    await lifecycle.end(session, campaign)
    (shown,) = await lifecycle.shown(session, [campaign])
    return shown


@router.get("/{key}/results", dependencies=[Depends(reader)])
async def read_results(key: str, request: Request, session: DbSession, by: By = "title") -> CampaignReport:
    """What a campaign brought: the funnel of what belongs to it, in all and by title, maker, channel or any other
    dimension. Conversions are divided by the model, version and attribution window fixed when it was made."""
    return await campaign_report(
        services_of(request).runtime,
        await find_campaign(session, key),
        by,
        services_of(request).settings.time_zone,
    )
