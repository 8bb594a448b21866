"""Conversions in: what the service's back end reports."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from groundswell.accounts.access import service
from groundswell.accounts.tables import ServiceKey
from groundswell.platform.clock import utc_now
from groundswell.platform.routing import DbSession, TransactionalRoute

from .conversions import report
from .erasure import erase_viewer
from .schemas import CreditGiven, NewConversion, RecordedConversion
from .stripe import StripeNotSetUp, check_signature, conversion_of
from .tables import Conversion, Credit

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
    recorded, new = await _recorded(request, session, body)
    if not new:
        response.status_code = 200
    return recorded


@router.post("/conversions/stripe", status_code=201, responses={204: {"description": "Nothing to record."}})
async def receive_stripe(request: Request, response: Response, session: DbSession) -> RecordedConversion | None:
    """Take Stripe's webhooks as conversions: `invoice.paid`, `charge.refunded` and `customer.subscription.deleted`.

    Signed by Stripe (`Stripe-Signature`); no key is needed. Other events are answered 204 and left alone. What is
    refused is sent again by Stripe, so a sale that comes before its sign-up is recorded after it.
    """
    settings = request.app.state.settings
    if settings.stripe_webhook_secret is None:
        raise StripeNotSetUp()
    body = await request.body()
    secret = settings.stripe_webhook_secret.get_secret_value()
    check_signature(secret, request.headers.get("stripe-signature", ""), body, utc_now())
    conversion = conversion_of(body)
    if conversion is None:
        response.status_code = 204
        return None
    recorded, new = await _recorded(request, session, conversion)
    if not new:
        response.status_code = 200
    return recorded


@router.delete("/viewers/{subject}", status_code=204)
async def forget_viewer(
    subject: str, request: Request, session: DbSession, key: Annotated[ServiceKey, Depends(service("viewers:erase"))]
) -> None:
    """Forget a viewer, by your own id of them: what leads to the person goes, the numbers still add up."""
    await erase_viewer(session, request.app.state.settings.jwt_issuer, subject)


async def _recorded(request: Request, session: DbSession, new: NewConversion) -> tuple[RecordedConversion, bool]:
    conversion, credits, is_new = await report(session, request.app.state.settings, new)
    return _shown(conversion, credits), is_new


def _shown(conversion: Conversion, credits: Sequence[Credit]) -> RecordedConversion:
    return RecordedConversion(
        id=conversion.id,
        external_id=conversion.external_id,
        kind=conversion.kind,
        at=conversion.at,
        credits=[CreditGiven.model_validate(credit) for credit in credits],
    )
