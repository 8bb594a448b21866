"""Stripe's webhooks become conversions, once, when Stripe signed them."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from groundswell.attribution.stripe_events import (
    GivenBack,
    PaidInvoice,
    PaymentOf,
    StripeEventUnreadable,
    StripeSignatureInvalid,
    check_signature,
    facts_of,
)
from groundswell.attribution.stripe_sales import sale_of
from groundswell.platform.clock import utc_now
from tests.attribution.test_conversions import ago, conversion, report, visit
from tests.events.places import make_shared
from tests.support import App

SECRET = "whsec_test"
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def signature(body: bytes, at: datetime, secret: str = SECRET) -> str:
    stamp = int(at.timestamp())
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={'0' * 64},v1={digest},v0=old"


def event(type: str, object: dict[str, Any], id: str = "evt_1", created: datetime | None = None, **data: Any) -> bytes:
    at = int((created or ago(minutes=1)).timestamp())
    return json.dumps({"id": id, "type": type, "created": at, "data": {"object": object, **data}}).encode()


def invoice(paid: int = 1299, reason: str = "subscription_create", **metadata: str) -> dict[str, Any]:
    named = {"groundswell_viewer": "newcomer", **metadata}
    return {
        "id": "in_1",
        "billing_reason": reason,
        "amount_paid": paid,
        "currency": "eur",
        "parent": {"type": "subscription_details", "subscription_details": {"metadata": named}},
    }


def charge(refunded: int, currency: str = "eur") -> dict[str, Any]:
    metadata = {"groundswell_viewer": "newcomer"}
    return {"id": "ch_1", "invoice": "in_1", "amount_refunded": refunded, "currency": currency, "metadata": metadata}


async def send(app: App, body: bytes, signed: str | None = None) -> httpx.Response:
    headers = {"stripe-signature": signed or signature(body, utc_now()), "content-type": "application/json"}
    return await app.http.post("/v1/conversions/stripe", content=body, headers=headers)


async def test_a_subscription_its_renewal_refund_and_end(app: App) -> None:
    app.runtime.settings.stripe_webhook_secret = SecretStr(SECRET)
    shared = await make_shared(app.runtime.database, app.runtime.settings)
    service = await app.service_key("conversions:write")
    token = await visit(app, shared, ago(hours=1))
    first = event("invoice.paid", invoice(groundswell_touch=token))
    assert (await send(app, first)).json()["code"] == "viewer_unknown"
    await report(app, service, conversion("sign_up", ago(minutes=5)))
    sale = await send(app, first)
    assert (sale.status_code, sale.json()["kind"], sale.json()["external_id"]) == (201, "subscription", "stripe:in_1")
    assert {credit["amount_minor"] for credit in sale.json()["credits"]} == {1299}
    assert (await send(app, first)).status_code == 200
    renewal = await send(app, event("invoice.paid", invoice(reason="subscription_cycle") | {"id": "in_2"}, "evt_2"))
    assert renewal.json()["kind"] == "renewal"
    part = await send(app, event("charge.refunded", charge(300), "evt_3", utc_now()))
    rest = event("charge.refunded", charge(1299), "evt_4", utc_now(), previous_attributes={"amount_refunded": 300})
    back = [part, await send(app, rest)]
    taken = [{credit["amount_minor"] for credit in answer.json()["credits"]} for answer in back]
    assert taken == [{-300}, {-999}]
    end = {"id": "sub_1", "metadata": {"groundswell_viewer": "newcomer"}}
    assert (await send(app, event("customer.subscription.deleted", end, "evt_5"))).json()["kind"] == "cancellation"


async def test_what_stripe_did_not_sign_is_refused(app: App) -> None:
    body = event("invoice.paid", invoice())
    assert (await send(app, body)).json()["code"] == "stripe_not_set_up"
    app.runtime.settings.stripe_webhook_secret = SecretStr(SECRET)
    for signed in (
        "nonsense",
        "t=,v1=",
        "t=99999999999999999999,v1=00",
        signature(body, utc_now(), "whsec_other"),
        signature(body + b" ", utc_now()),
        signature(body, ago(minutes=6)),
        signature(body, utc_now() + timedelta(minutes=6)),
    ):
        answer = await send(app, body, signed)
        assert (answer.status_code, answer.json()["code"]) == (400, "stripe_signature_invalid")


@pytest.mark.parametrize(
    "object", [invoice(0, "subscription_cycle"), invoice(reason="manual"), invoice(groundswell_viewer="")]
)
async def test_what_means_nothing_is_left_alone(app: App, object: dict[str, Any]) -> None:
    app.runtime.settings.stripe_webhook_secret = SecretStr(SECRET)
    assert (await send(app, event("invoice.paid", object))).status_code == 204
    assert (await send(app, event("customer.created", {}))).status_code == 204


def test_a_trial_costs_nothing() -> None:
    (found,) = facts_of(event("invoice.paid", invoice(0)))
    assert isinstance(found, PaidInvoice)
    assert (sale_of(found, [], subscribed=False, late=False), found.paid_minor) == ("trial", 0)


def test_an_invoice_is_read_wherever_a_version_of_stripe_has_its_parts() -> None:
    """It was paid when it says so, not when the event was sent, and is for until the last of its lines ends."""
    paid_at, month = NOW - timedelta(days=2), timedelta(days=30)
    periods = [(NOW - month, NOW), (NOW, NOW + month), (NOW - month, NOW - timedelta(days=1))]
    lines = [{"period": {"start": start.timestamp(), "end": end.timestamp()}} for start, end in periods]
    about = {"metadata": {"groundswell_viewer": "newcomer"}, "subscription": "sub_1"}
    said = invoice() | {"status_transitions": {"paid_at": paid_at.timestamp()}, "lines": {"data": [*lines, {}]}}
    paid = PaymentOf("pi_1", "in_1"), PaymentOf("ch_1", "in_1")
    newer = said | {
        "parent": {"subscription_details": about},
        "payments": {"data": [{"payment": {"payment_intent": "pi_1"}}, {"payment": {"charge": {"id": "ch_1"}}}]},
    }
    older = said | {"parent": None, "subscription_details": about | {"subscription": None}, "subscription": "sub_1"}
    for body, payments in (
        (newer, [*paid]),
        (older | {"payment_intent": {"id": "pi_1"}, "charge": "ch_1"}, [paid[0]]),
        (older | {"charge": "ch_1"}, [paid[1]]),
    ):
        *found, of = facts_of(event("invoice.paid", body, created=NOW))
        assert found == payments
        assert isinstance(of, PaidInvoice)
        assert (of.subscription, of.at, of.starts, of.ends) == ("sub_1", paid_at, NOW, NOW + month)
    (plain,) = facts_of(event("invoice.paid", invoice(), created=NOW))
    assert isinstance(plain, PaidInvoice)
    assert (plain.subscription, plain.at, plain.starts, plain.ends) == (None, NOW, None, None)


@pytest.mark.parametrize("names", [{"payment_intent": "pi_1", "charge": "ch_1"}, {"payment_intent": {"id": "pi_1"}}])
def test_money_goes_back_when_stripe_says_so_by_the_payment_or_else_the_charge(names: dict[str, Any]) -> None:
    one = {"id": "x_1", "amount": 300, "currency": "eur", "status": "succeeded", **names}
    assert facts_of(event("refund.created", one, created=NOW)) == [
        GivenBack("x_1", "refund", "pi_1", None, 300, "EUR", NOW)
    ]
    lost = one | {"status": "lost", "payment_intent": None, "charge": "ch_1"}
    assert facts_of(event("charge.dispute.closed", lost, created=NOW)) == [
        GivenBack("x_1", "dispute", "ch_1", None, 300, "EUR", NOW)
    ]
    assert facts_of(event("charge.dispute.closed", lost | {"status": "won"})) == []
    assert facts_of(event("refund.updated", one | {"status": "pending"})) == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"type": []}', b'{"type": "invoice.paid", "data": 1}', b"\xff"])
def test_a_signed_body_that_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(StripeEventUnreadable):
        facts_of(body)


@settings(max_examples=100)
@given(st.text(max_size=200), st.binary(max_size=50))
def test_no_header_opens_the_door(header: str, body: bytes) -> None:
    with pytest.raises(StripeSignatureInvalid):
        check_signature(SECRET, header, body, NOW)


@settings(max_examples=100)
@given(st.binary(max_size=200))
def test_a_signature_of_ours_does(body: bytes) -> None:
    check_signature(SECRET, signature(body, NOW), body, NOW)
