"""Conversions in: what the service's back end reports."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from groundswell.accounts.access import service
from groundswell.accounts.tables import ServiceKey
from groundswell.platform.change_pace import kept_to, unpaced
from groundswell.platform.clock import utc_now
from groundswell.platform.routing import DbSession, TransactionalRoute
from groundswell.platform.services import services_of

from .conversions import report
from .schemas import CreditGiven, NewConversion, Note, RecordedConversion
from .stripe import take
from .stripe_events import StripeNotSetUp, check_signature, facts_of
from .tables import Conversion, Credit
from .touches import touch_taken

router = APIRouter(prefix="/v1", tags=["attribution"], route_class=TransactionalRoute)


@router.post("/conversions", status_code=201)
@kept_to("One row for each `id` of the service's own.")
async def report_conversion(
    body: NewConversion,
    request: Request,
    response: Response,
    session: DbSession,
    key: Annotated[ServiceKey, Depends(service("conversions.report"))],
) -> RecordedConversion:
    """Report a sign-up, trial, subscription, renewal, refund or cancellation, once under your own id.

    Reported again with the same content it answers 200 with what was recorded; with other content it is refused
    (`conversion_conflict`). A second sign-up of one viewer, under whichever id, is the first: 200. Pass on the `gs`
    parameter with which the viewer arrived as `touch`: it names the visit, and so the share, that led here. A visit is
    one viewer's, the first's: whoever comes with it next is told (`notes`: `touch_taken`) and brings nobody credit.
    Credit is divided over the touches of the last days by every model.
    """
    recorded, new = await _recorded(request, session, body)
    if not new:
        response.status_code = 200
    return recorded


@router.post("/conversions/stripe", status_code=201, responses={204: {"description": "Nothing to record."}})
@unpaced("One row for each payment; what Stripe has not signed is refused.")
async def receive_stripe(request: Request, response: Response, session: DbSession) -> RecordedConversion | None:
    """Take Stripe's webhooks as conversions: paid invoices, refunds, lost disputes, what credit notes gave back beside
    Stripe, and cancellations; in any order, repeated or late, of every version of Stripe's API since 2022-11-15.

    Signed by Stripe (`Stripe-Signature`); no key is needed. Other events, and those that only say something together
    with one still to come, are answered 204. What is refused is sent again by Stripe, so a sale that comes before its
    sign-up is recorded after it.
    """
    settings = services_of(request).settings
    if settings.stripe_webhook_secret is None:
        raise StripeNotSetUp()
    body = await request.body()
    secret = settings.stripe_webhook_secret.get_secret_value()
    check_signature(secret, request.headers.get("stripe-signature", ""), body, utc_now())
    reported = await take(session, settings, facts_of(body), utc_now())
    if not reported:
        response.status_code = 204
        return None
    conversion, credits, new = max(reported, key=lambda each: each[2])  # the first that is new, if any is
    if not new:
        response.status_code = 200
    return _shown(conversion, credits)


async def _recorded(request: Request, session: DbSession, new: NewConversion) -> tuple[RecordedConversion, bool]:
    settings = services_of(request).settings
    conversion, credits, is_new = await report(session, settings, new)
    shown = _shown(conversion, credits)
    if await touch_taken(session, settings, new.touch, conversion.viewer_id):
        shown.notes.append(Note(code="touch_taken", detail="This touch token is of a visit of another viewer."))
    return shown, is_new


def _shown(conversion: Conversion, credits: Sequence[Credit]) -> RecordedConversion:
    return RecordedConversion(
        id=conversion.id,
        external_id=conversion.external_id,
        kind=conversion.kind,
        at=conversion.at,
        credits=[CreditGiven.model_validate(credit) for credit in credits],
    )
