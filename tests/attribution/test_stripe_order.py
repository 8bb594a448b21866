"""However Stripe tells it: in any order, twice, late, in each version: the same money, the same sales."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from groundswell.attribution.stripe import settle_late
from groundswell.attribution.tables import Conversion, StripeInvoice
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import random_code
from tests.attribution.stripe_world import MONTH, NEW, OLD, Teller
from tests.attribution.test_conversions import conversion, report
from tests.attribution.test_stripe import SECRET, send
from tests.support import App

Sales = list[tuple[str, int, int]]
"""Kind, paid and given back, in minor units, the oldest first."""


def bought(t: Teller) -> Sales:
    t.invoice(1, t.at, reason="subscription_create")
    t.invoice(2, t.at + MONTH)
    t.refund(2, 300, 300, t.at + MONTH + timedelta(hours=1))
    t.refund_fails(2, 300, 300, t.at + MONTH + timedelta(hours=2))
    t.refund(2, 999, 1299, t.at + MONTH + timedelta(hours=2))
    return [("subscription", 1299, 0), ("renewal", 1299, 1299)]


def tried(t: Teller) -> Sales:
    """A trial, what was paid after it, a month more, and a change of plan in its middle."""
    t.invoice(1, t.at, reason="subscription_create", paid=0, subtotal=0)
    t.invoice(2, t.at + MONTH)
    t.invoice(3, t.at + 2 * MONTH)
    t.invoice(4, t.at + 2 * MONTH + MONTH / 2, reason="subscription_update", paid=500, subtotal=500)
    t.refund(4, 200, 200, t.at + 3 * MONTH, both=False)
    return [("trial", 0, 0), ("subscription", 1299, 0), ("renewal", 1299, 0), ("renewal", 500, 200)]


def free_at_first(t: Teller) -> Sales:
    """A coupon of 100 %, and nothing asked for a draft invoice that is none of a subscription."""
    t.invoice(1, t.at, reason="subscription_create", paid=0, subtotal=1299)
    t.invoice(2, t.at + MONTH)
    t.invoice(3, t.at + MONTH, reason="manual", paid=9_900, subtotal=9_900)
    t.invoice(4, t.at + 2 * MONTH, paid=0)
    return [("subscription", 0, 0), ("renewal", 1299, 0)]


def disputed(t: Teller) -> Sales:
    t.invoice(1, t.at, reason="subscription_create")
    t.dispute(1, 1299, t.at + MONTH / 2, "won")
    t.invoice(2, t.at + MONTH)
    t.dispute(2, 1299, t.at + MONTH + timedelta(days=1), "lost")
    t.invoice(3, t.at + 2 * MONTH)
    t.credit_note(3, beside=100, credited=400, at=t.at + 2 * MONTH + timedelta(days=1))
    t.refund(3, 50, 50, t.at + 2 * MONTH + timedelta(days=2))
    t.invoice(4, t.at + 3 * MONTH)
    t.dispute(4, 1101, t.at + 3 * MONTH + timedelta(days=1), "lost", "gbp")
    return [("subscription", 1299, 0), ("renewal", 1299, 1299), ("renewal", 1299, 150), ("renewal", 1299, 1299)]


async def recorded(app: App, viewer: str) -> Sales:
    refund = aliased(Conversion)
    back = select(func.coalesce(func.sum(refund.amount_minor), 0)).where(refund.original_id == Conversion.id)
    query = select(Conversion.kind, Conversion.amount_minor, back.scalar_subquery()).where(
        Conversion.kind.in_(["trial", "subscription", "renewal"]),
        Conversion.external_id.like(f"stripe:in_{viewer}_%"),
    )
    async with app.runtime.database.transaction() as session:
        rows = await session.execute(query.order_by(Conversion.at, Conversion.external_id))
        return [(kind, minor or 0, int(given)) for kind, minor, given in rows]


@pytest.mark.slow
@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    story=st.sampled_from([bought, tried, free_at_first, disputed]), version=st.sampled_from([OLD, NEW]), data=st.data()
)
async def test_the_same_money_in_any_order(
    app: App, story: Callable[[Teller], Sales], version: str, data: st.DataObject
) -> None:
    app.runtime.settings.stripe_webhook_secret = SecretStr(SECRET)
    viewer = f"v{random_code()}".lower()
    teller = Teller(version, viewer, utc_now() - 4 * MONTH)
    expected = story(teller)
    twice = data.draw(st.lists(st.sampled_from(teller.events), max_size=3))
    left = data.draw(st.permutations([*teller.events, *twice]))
    signed_up_after = data.draw(st.integers(0, 3))
    service = await app.service_key("conversions:write")
    for number in range(len(left) * 2):
        if number == signed_up_after:
            await report(app, service, conversion("sign_up", teller.at, viewer=viewer, id=f"{viewer}-sign-up"))
        if not left:
            break
        event, left = left[0], left[1:]
        answer = await send(app, json.dumps(event).encode())
        assert answer.status_code in {200, 201, 204} or answer.json()["code"] == "viewer_unknown", answer.text
        if answer.status_code >= 400:
            left.append(event)
    assert await recorded(app, viewer) == expected


async def test_a_later_invoice_of_whose_first_we_were_never_told_is_a_renewal_in_the_end(app: App) -> None:
    app.runtime.settings.stripe_webhook_secret = SecretStr(SECRET)
    service = await app.service_key("conversions:write")
    teller = Teller(NEW, "old-hand", utc_now() - timedelta(days=1))
    await report(app, service, conversion("sign_up", teller.at, viewer="old-hand", id="old-hand-sign-up"))
    teller.invoice(7, teller.at)
    for event in teller.events:
        assert (await send(app, json.dumps(event).encode())).status_code == 204
    for later, sales in ((timedelta(days=1), []), (timedelta(days=3), [("renewal", 1299, 0)])):
        async with app.runtime.database.transaction() as session:
            await settle_late(session, app.runtime.settings, utc_now() + later)
        assert await recorded(app, "old-hand") == sales
    teller.invoice(8, teller.at + timedelta(hours=20))
    answers = [await send(app, json.dumps(event).encode()) for event in teller.events]
    assert [answer.status_code for answer in answers] == [200, 200, 204, 201]
    assert await recorded(app, "old-hand") == [("renewal", 1299, 0)] * 2


async def test_what_is_refused_in_the_end_holds_up_no_other(app: App) -> None:
    """One of a viewer whom nobody reported once kept all that had waited from being settled, every hour anew."""
    app.runtime.settings.stripe_webhook_secret = SecretStr(SECRET)
    service = await app.service_key("conversions:write")
    at = utc_now() - timedelta(days=1)
    await report(app, service, conversion("sign_up", at, viewer="known", id="known-sign-up"))
    for viewer, bought_at in (("nobody", at), ("known", at + timedelta(hours=1))):
        teller = Teller(NEW, viewer, at)
        teller.invoice(7, bought_at)
        for event in teller.events:
            assert (await send(app, json.dumps(event).encode())).status_code == 204
    for settled in (2, 0):
        async with app.runtime.database.transaction() as session:
            assert await settle_late(session, app.runtime.settings, utc_now() + timedelta(days=4)) == settled
    assert await recorded(app, "known") == [("renewal", 1299, 0)]
    assert await recorded(app, "nobody") == []


async def test_a_refund_of_what_is_no_subscription_waits_and_stops_nothing(app: App) -> None:
    app.runtime.settings.stripe_webhook_secret = SecretStr(SECRET)
    teller = Teller(NEW, "one-off", utc_now() - timedelta(days=1))
    teller.refund(1, 100, 100, teller.at)
    assert {(await send(app, json.dumps(event).encode())).status_code for event in teller.events} == {204}
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(StripeInvoice)) == 0


@pytest.mark.parametrize("minor", [-1, 1.5, "12", True, None])
async def test_an_amount_that_is_none_is_refused(app: App, minor: object) -> None:
    app.runtime.settings.stripe_webhook_secret = SecretStr(SECRET)
    teller = Teller(NEW, "odd", utc_now() - timedelta(days=1))
    teller.invoice(1, teller.at, reason="subscription_create", paid=minor)  # type: ignore[arg-type]
    answer = await send(app, json.dumps(teller.events[-1]).encode())
    assert (answer.status_code, answer.json()["code"]) == (422, "stripe_event_unreadable")
