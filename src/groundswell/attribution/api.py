"""Conversions in: what the service's back end reports."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from groundswell.accounts.access import service
from groundswell.accounts.tables import ServiceKey
from groundswell.platform.routing import DbSession, TransactionalRoute

from .conversions import report
from .schemas import CreditGiven, NewConversion, RecordedConversion

router = APIRouter(prefix="/v1", tags=["attribution"], route_class=TransactionalRoute)


@router.post("/conversions", status_code=201)
async def report_conversion(
    body: NewConversion,
    request: Request,
    response: Response,
    session: DbSession,
    key: Annotated[ServiceKey, Depends(service("conversions:write"))],
) -> RecordedConversion:
    """Report a sign-up, trial, subscription, renewal, refund or cancellation, once under your own id.

    Reported again with the same content it answers 200 with what was recorded; with other content it is refused
    (`conversion_conflict`). Pass on the `gs` parameter with which the viewer arrived as `touch`: it names the visit,
    and so the share, that led here. Credit is divided over the touches of the last days by every model.
    """
    conversion, credits, new = await report(session, request.app.state.settings, body)
    if not new:
        response.status_code = 200
    return RecordedConversion(
        id=conversion.id,
        external_id=conversion.external_id,
        kind=conversion.kind,
        at=conversion.at,
        credits=[CreditGiven.model_validate(credit) for credit in credits],
    )
