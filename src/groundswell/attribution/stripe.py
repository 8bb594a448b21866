"""Stripe's webhooks as conversions. Pure: a signed body in, at most one conversion out.

Signatures are checked as Stripe describes (docs.stripe.com/webhooks, "Verify webhook signatures manually"): HMAC-SHA256
over the header's timestamp, a dot and the body, compared in constant time; older than five minutes is refused.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from groundswell.platform.problems import Problem

from .schemas import NewConversion

TOLERANCE = timedelta(minutes=5)
VIEWER, TOUCH, CODE = "groundswell_viewer", "groundswell_touch", "groundswell_code"
"""Keys of the metadata that the service gives a subscription when it makes one."""

FIRST, AGAIN = "subscription_create", "subscription_cycle"


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


def check_signature(secret: str, header: str, body: bytes, now: datetime) -> None:
    """Return when ``body`` was signed with ``secret`` within the last five minutes.

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


def conversion_of(body: bytes) -> NewConversion | None:
    """What an event means to us; None for those that mean nothing.

    ``invoice.paid`` is a trial (nothing was paid yet), a subscription or a renewal; ``charge.refunded`` a refund of the
    charge's invoice; ``customer.subscription.deleted`` a cancellation. Events about viewers whom the service did not
    name (``groundswell_viewer`` in the subscription's metadata) mean nothing.

    Raises:
        StripeEventUnreadable: not an event, or one without what it must have.
    """
    try:
        event = json.loads(body)
        read = READERS.get(event["type"])
        fields = None if read is None else read(event, event["data"]["object"])
        if fields is None or not fields["viewer"]:
            return None
        return NewConversion(at=datetime.fromtimestamp(event["created"], UTC), **fields)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, ValidationError) as error:
        raise StripeEventUnreadable(f"{type(error).__name__}: {error}"[:300]) from None


def _invoice(event: Mapping[str, Any], invoice: Mapping[str, Any]) -> dict[str, Any] | None:
    reason, paid = invoice.get("billing_reason"), invoice["amount_paid"]
    if reason not in {FIRST, AGAIN} or (paid == 0 and reason == AGAIN):
        return None
    metadata = _metadata(invoice)
    kind = "renewal" if reason == AGAIN else "subscription" if paid else "trial"
    return {
        "id": f"stripe:{invoice['id']}",
        "kind": kind,
        "viewer": metadata.get(VIEWER),
        "amount": {"minor": paid, "currency": invoice["currency"].upper()},
        "touch": metadata.get(TOUCH) if reason == FIRST else None,
        "code": metadata.get(CODE) if reason == FIRST else None,
    }


def _refund(event: Mapping[str, Any], charge: Mapping[str, Any]) -> dict[str, Any] | None:
    if not charge.get("invoice"):
        return None
    before = (event["data"].get("previous_attributes") or {}).get("amount_refunded") or 0
    return {
        "id": f"stripe:{event['id']}",
        "kind": "refund",
        "viewer": charge.get("metadata", {}).get(VIEWER),
        "amount": {"minor": charge["amount_refunded"] - before, "currency": charge["currency"].upper()},
        "original": f"stripe:{charge['invoice']}",
    }


def _cancellation(event: Mapping[str, Any], subscription: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": f"stripe:{event['id']}",
        "kind": "cancellation",
        "viewer": subscription.get("metadata", {}).get(VIEWER),
    }


def _metadata(invoice: Mapping[str, Any]) -> Mapping[str, str]:
    """The subscription's metadata, where invoices of different versions of Stripe's API carry it."""
    parent = invoice.get("parent") or {}
    details = parent.get("subscription_details") or invoice.get("subscription_details") or {}
    return details.get("metadata") or {}


READERS = {
    "invoice.paid": _invoice,
    "charge.refunded": _refund,
    "customer.subscription.deleted": _cancellation,
}
