"""A campaign's numbers over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from groundswell.attribution.campaigns import find_campaign
from groundswell.platform.routing import DbSession, TransactionalRoute

from .access import reader
from .campaigns import campaign_report
from .schemas import CampaignReport

router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"], route_class=TransactionalRoute)
By = Annotated[str, Query(description="What the rows tell apart: any dimension of `/v1/reports/by/{dimension}`.")]


@router.get("/{key}/results", dependencies=[Depends(reader)])
async def read_results(key: str, request: Request, session: DbSession, by: By = "title") -> CampaignReport:
    """What a campaign brought: the funnel of what belongs to it, in all and by title, maker, channel or any other
    dimension. Conversions are divided by the model, version and attribution window fixed when it was made."""
    return await campaign_report(request.app.state.runtime, await find_campaign(session, key), by)
