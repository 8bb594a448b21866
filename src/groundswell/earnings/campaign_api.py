"""Campaigns' money over HTTP: budgets funded and settled, and each change that made up what was earned."""

from typing import Annotated

from fastapi import APIRouter, Depends

from groundswell.accounts.access import Caller, SignedIn, staff
from groundswell.attribution.campaigns import find_campaign
from groundswell.creators.profiles import own
from groundswell.platform.pages import Cursor, Limit, Page, decode_cursor, next_cursor
from groundswell.platform.routing import DbSession, TransactionalRoute

from . import campaign_budgets
from .campaign_results import earnings, spending
from .schemas import BudgetOut, CampaignEarningOut, Correction

router = APIRouter(prefix="/v1", tags=["earnings"], route_class=TransactionalRoute)

Finance = Annotated[Caller, Depends(staff("money.manage"))]
Viewer = Annotated[Caller, Depends(staff("insights.view"))]


@router.post("/campaigns/{key}/budget", status_code=201)
async def fund_campaign(key: str, session: DbSession, caller: Finance) -> BudgetOut:
    """Set a campaign's budget aside. From now on what its creators bring, and have brought, is paid from it; it cannot
    be overdrawn. Whoever made the campaign or its brief does not fund it."""
    campaign = await find_campaign(session, key)
    await campaign_budgets.fund(session, campaign, caller.actor)
    return await spending(session, campaign)


@router.post("/campaigns/{key}/settle")
async def settle_campaign(key: str, why: Correction, session: DbSession, caller: Finance) -> BudgetOut:
    """Return what a campaign did not spend, once nothing more can be earned by it."""
    campaign = await find_campaign(session, key)
    await campaign_budgets.settle(session, campaign, caller.actor, why.reason)
    return await spending(session, campaign)


@router.get("/campaigns/{key}/budget")
async def read_budget(key: str, session: DbSession, caller: Viewer) -> BudgetOut:
    """A campaign's budget, and where it went."""
    return await spending(session, await find_campaign(session, key))


@router.get("/campaigns/{key}/earnings")
async def list_campaign_earnings(
    key: str, session: DbSession, caller: Finance, cursor: Cursor = None, limit: Limit = 50
) -> Page[CampaignEarningOut]:
    """Each change of what a campaign brought its creators, newest first; its posting has the same id."""
    campaign = await find_campaign(session, key)
    rows = await earnings(session, limit, decode_cursor(cursor), campaign_id=campaign.id)
    return Page(items=rows, next=next_cursor(rows, limit))


@router.get("/creators/me/campaign-earnings")
async def list_my_campaign_earnings(
    session: DbSession, caller: SignedIn, cursor: Cursor = None, limit: Limit = 50
) -> Page[CampaignEarningOut]:
    """Each change of what campaigns brought me, newest first."""
    creator = await own(session, caller.id)
    rows = await earnings(session, limit, decode_cursor(cursor), creator_id=creator.id)
    return Page(items=rows, next=next_cursor(rows, limit))
