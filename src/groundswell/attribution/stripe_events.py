"""Stripe's webhooks, read. Pure: a signed body in, the facts about money that it states out.

Events are ``stripe.Event`` of Stripe's own library. What the present API has no field for any more is read from the
body as it came: ``charge.invoice``, ``invoice.charge``, ``invoice.payment_intent`` and ``invoice.subscription`` are
gone since 2025-03-31 (docs.stripe.com/changelog/basil); there ``invoice_payment.paid`` says what paid an invoice.

A fact is the same however often, late or out of order it is told: an id, and an amount of which the largest stands.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import stripe

from groundswell.platform.problems import Problem

TOLERANCE = timedelta(minutes=5)
VIEWER, TOUCH, CODE = "groundswell_viewer", "groundswell_touch", "groundswell_code"
"""Keys of the metadata that the service gives a subscription when it makes one."""

FIRST = "subscription_create"
LATER = frozenset({"subscription_cycle", "subscription_update", "subscription_threshold"})


class StripeNotSetUp(Problem):
    status, code, title = 404, "stripe_not_set_up", "GROUNDSWELL_STRIPE_WEBHOOK_SECRET is not set."


class StripeSignatureInvalid(Problem):
    status, code, title = (
        400,
        "stripe_signature_invalid",
        "This was not signed with the endpoint's secret, or long ago.",
    )


class StripeEventUnreadable(Problem):
    status, code, title = 422, "stripe_event_unreadable", "This is not an event as Stripe sends them."


@dataclass(frozen=True, slots=True)
class PaidInvoice:
    """An invoice that was paid, if by nothing. ``reason`` is Stripe's ``billing_reason``; ``free`` says that nothing
    was asked for (a trial), not that a coupon took it off. ``starts`` is when the service that it is for begins,
    ``ends`` when that ends."""

    id: str
    subscription: str | None
    viewer: str
    touch: str | None
    code: str | None
    at: datetime
    reason: str
    paid_minor: int
    currency: str
    free: bool
    starts: datetime | None
    ends: datetime | None


@dataclass(frozen=True, slots=True)
class PaymentOf:
    """``payment`` (a payment intent, or a charge that has none) paid ``invoice``."""

    payment: str
    invoice: str


@dataclass(frozen=True, slots=True)
class GivenBack:
    """Money that went back: by ``payment``, or of ``invoice``.

    ``kind`` is ``charge`` (all that was refunded of it so far), ``refund`` (one refund, which is part of that),
    ``dispute`` (one that was lost) or ``credit_note`` (what was given back beside Stripe: what a note refunds is a
    refund too, and what it credits is not paid later).
    """

    id: str
    kind: str
    payment: str | None
    invoice: str | None
    amount_minor: int
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """A subscription was cancelled, by the event ``id``."""

    id: str
    viewer: str
    at: datetime


Fact = PaidInvoice | PaymentOf | GivenBack | Ended
Fields = Mapping[str, Any]


def check_signature(secret: str, header: str, body: bytes, now: datetime) -> None:
    """Return when ``body`` was signed with ``secret`` within the last five minutes, as docs.stripe.com/webhooks
    describes ("Verify webhook signatures manually"). By hand, for the library believes stamps of the future.

    Raises:
        StripeSignatureInvalid: it was not.
    """
    parts = [part.strip().partition("=") for part in header.split(",")]
    said = next((value for name, _, value in parts if name == "t"), "")
    if not (said.isascii() and said.isdigit() and len(said) < 12):
        raise StripeSignatureInvalid()
    ours = hmac.new(secret.encode(), f"{said}.".encode() + body, hashlib.sha256).hexdigest()
    signed = any(name == "v1" and hmac.compare_digest(value.encode(), ours.encode()) for name, _, value in parts)
    if not signed or abs(now - datetime.fromtimestamp(int(said), UTC)) > TOLERANCE:
        raise StripeSignatureInvalid()


def facts_of(body: bytes) -> list[Fact]:
    """What an event states; nothing for those that say nothing about a viewer's money.

    Raises:
        StripeEventUnreadable: not an event, or one without what it must have.
    """
    try:
        event = stripe.Event.construct_from(json.loads(body), None)
        read = READERS.get(event.type)
        return [] if read is None else read(event, event.data.to_dict()["object"])
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise StripeEventUnreadable(f"{type(error).__name__}: {error}"[:300]) from None


def _invoice(event: stripe.Event, invoice: Fields) -> list[Fact]:
    """One that is paid: the invoice, and where its version says so what paid it."""
    payments = [PaymentOf(payment, invoice["id"]) for payment in _payments_of(invoice)]
    metadata = _subscription(invoice).get("metadata") or {}
    if not metadata.get(VIEWER):
        return [*payments]
    lines = [line["period"] for line in (invoice.get("lines") or {}).get("data") or [] if line.get("period")]
    paid_at = (invoice.get("status_transitions") or {}).get("paid_at") or event.created
    paid = PaidInvoice(
        id=invoice["id"],
        subscription=_id(_subscription(invoice).get("subscription") or invoice.get("subscription")),
        viewer=metadata[VIEWER],
        touch=metadata.get(TOUCH),
        code=metadata.get(CODE),
        at=_instant(paid_at),
        reason=invoice.get("billing_reason") or "manual",
        paid_minor=_amount(invoice["amount_paid"]),
        currency=invoice["currency"].upper(),
        free=not invoice.get("subtotal"),
        starts=max((_instant(line["start"]) for line in lines), default=None),
        ends=max((_instant(line["end"]) for line in lines), default=None),
    )
    return [*payments, paid]


def _payments_of(invoice: Fields) -> list[str]:
    listed = [each["payment"] for each in (invoice.get("payments") or {}).get("data") or []]
    return [payment for each in [invoice, *listed] if (payment := _payment(each))]


def _invoice_payment(event: stripe.Event, payment: Fields) -> list[Fact]:
    of, invoice = _payment(payment["payment"]), _id(payment["invoice"])
    return [PaymentOf(of, invoice)] if of and invoice else []


def _charge(event: stripe.Event, charge: Fields) -> list[Fact]:
    """One of which something was refunded: how much, all in all."""
    payment = _id(charge.get("payment_intent")) or charge["id"]
    back = GivenBack(
        id=charge["id"],
        kind="charge",
        payment=payment,
        invoice=None,
        amount_minor=_amount(charge["amount_refunded"]),
        currency=charge["currency"].upper(),
        at=_instant(event.created),
    )
    invoice = _id(charge.get("invoice"))
    return [PaymentOf(payment, invoice), back] if invoice else [back]


def _refund(event: stripe.Event, refund: Fields) -> list[Fact]:
    """One refund, once it has succeeded."""
    return _back(event, refund, "refund") if refund.get("status") in {"succeeded", None} else []


def _dispute(event: stripe.Event, dispute: Fields) -> list[Fact]:
    """One that is over: the money is lost with it, or nothing has happened."""
    return _back(event, dispute, "dispute") if dispute["status"] == "lost" else []


def _back(event: stripe.Event, one: Fields, kind: str) -> list[Fact]:
    payment = _payment(one)
    currency, at = one["currency"].upper(), _instant(event.created)
    return [GivenBack(one["id"], kind, payment, None, _amount(one["amount"]), currency, at)] if payment else []


def _credit_note(event: stripe.Event, note: Fields) -> list[Fact]:
    beside, invoice = _amount(note.get("out_of_band_amount") or 0), _id(note["invoice"])
    if not beside or note.get("status") == "void":
        return []
    currency, at = note["currency"].upper(), _instant(event.created)
    return [GivenBack(note["id"], "credit_note", None, invoice, beside, currency, at)]


def _cancellation(event: stripe.Event, subscription: Fields) -> list[Fact]:
    viewer = (subscription.get("metadata") or {}).get(VIEWER)
    return [Ended(event.id, viewer, _instant(event.created))] if viewer else []


def _subscription(invoice: Fields) -> Fields:
    """What an invoice says of its subscription, where each version of the API has it."""
    parent = invoice.get("parent") or {}
    return parent.get("subscription_details") or invoice.get("subscription_details") or {}


def _payment(of: Fields) -> str | None:
    """The payment intent that is named, or else the charge."""
    return _id(of.get("payment_intent")) or _id(of.get("charge"))


def _id(one: Any) -> str | None:
    """The id of what may be named or be there whole."""
    found = one["id"] if isinstance(one, Mapping) else one
    if found is not None and not isinstance(found, str):
        raise TypeError("an id is text")
    return found


def _amount(minor: Any) -> int:
    if not isinstance(minor, int) or isinstance(minor, bool) or minor < 0:
        raise ValueError("an amount is a whole number, 0 or more")
    return minor


def _instant(seconds: Any) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


READERS: Mapping[str, Callable[[stripe.Event, Fields], list[Fact]]] = {
    "invoice.paid": _invoice,
    "invoice.payment_succeeded": _invoice,
    "invoice_payment.paid": _invoice_payment,
    "charge.refunded": _charge,
    "refund.created": _refund,
    "refund.updated": _refund,
    "charge.refund.updated": _refund,
    "charge.dispute.created": lambda event, dispute: [],
    "charge.dispute.closed": _dispute,
    "credit_note.created": _credit_note,
    "credit_note.updated": _credit_note,
    "customer.subscription.deleted": _cancellation,
}
