"""Paid by Stripe Connect: each once, whatever is lost on the way, however often and in whatever order it is told."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

import pytest
import stripe as library
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from groundswell.accounts.signals import ViewerErased
from groundswell.earnings import trial_balance
from groundswell.earnings.ledger import account_id, balance
from groundswell.payouts import bank_files, erasure, jobs, payees, stripe_messages, stripe_transfers
from groundswell.payouts.rails import RAILS
from groundswell.payouts.run_file import file_of
from groundswell.payouts.stripe_accounts import CurrencyNotOnRail, StripeMissing
from groundswell.payouts.tables import PayoutItem, StripeAccount
from groundswell.platform import signals
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.problems import Invalid
from groundswell.platform.settings import Settings
from tests.earnings.world import World, build
from tests.support import App, started

from .places import FACTS, PAYER, approved, drafted, earned, enter, filed, lines
from .stripe_double import Stripe, signed, stripe_double

SECRET = "whsec_test"
NAMES = ["noor", "kofi", "lena"]
FAILURES = ["", "lost", "refused", "in_use", "limited", "broken", "done_broken", "poor", "closed"]
assert jobs.hear_returns
assert erasure.forget


@pytest.fixture
def double() -> Iterator[tuple[Stripe, str]]:
    with stripe_double() as both:
        yield both


def paying(url: str) -> dict[str, Any]:
    return {
        "stripe_secret_key": "sk_test_double",
        "stripe_connect_webhook_secret": SECRET,
        "stripe_api_url": url,
        "secret_key": "s" * 32,
    }


async def world_of(database: Database, pays: Settings) -> World:
    """Three creators with an account at Stripe, each due 30 euros of one month."""
    world = await build(database, uuid4().hex)
    for name in NAMES:
        subject = f"{name}{uuid4().hex[:8]}"
        world.creators[name] = await world.creator(subject)
        del world.creators[subject]
        world.moments[name] = await world.moment(subject, name)
        await enter(world, pays, name)
        async with database.transaction() as session:
            account = f"acct_{world.creators[name].hex}"
            session.add(StripeAccount(creator_id=world.creators[name], account=account, ready=True, made_at=utc_now()))
    return world


async def run_of(world: World, pays: Settings, back: int, **stream: Any) -> UUID:
    """A run by Stripe of what three were due, approved and posted."""
    await earned(world, 9_000, NAMES, back, **stream)
    run = await drafted(world, rail="stripe", currency=stream.get("currency", "EUR"))
    await approved(world, run)
    await filed(world, pays, run)
    return run


async def turn(world: World, pays: Settings, run: UUID) -> None:
    """What the job does each minute."""
    await stripe_transfers.send_run(world.database, pays, run)


async def tell(database: Database, event: dict[str, Any]) -> None:
    heard = stripe_messages.read_event(json.dumps(event).encode())
    assert heard is not None
    assert not isinstance(heard, stripe_messages.AccountHeard)
    async with database.transaction() as session:
        await bank_files.carry_out(session, heard, "stripe")


STREAMS = iter(enumerate("USD GBP CHF SEK NOK DKK PLN CZK RON TRY ILS AED".split(), 1))
"""Each example has a month and a currency of its own."""


@pytest.mark.slow
@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    failures=st.lists(st.sampled_from(FAILURES), max_size=8),
    killed=st.integers(0, 4),
    early=st.booleans(),
    reversed_one=st.booleans(),
)
@example(failures=["lost", "lost", "lost"], killed=0, early=True, reversed_one=True)
@example(failures=["done_broken", "closed", "in_use", "poor"], killed=2, early=False, reversed_one=False)
async def test_everybody_is_paid_once(
    database: Database, settings: Settings, failures: list[str], killed: int, early: bool, reversed_one: bool
) -> None:
    back, currency = next(STREAMS)
    with stripe_double(uuid4().hex) as (double, url), pytest.MonkeyPatch.context() as patch:
        pays = settings.model_copy(update=Settings.model_validate(paying(url)).model_dump(include=set(paying(url))))
        world = await world_of(database, pays)
        run = await run_of(world, pays, back, currency=currency)
        double.failures = list(failures)
        real, kills = bank_files.carry_out, iter([True] * killed)

        async def breaking(*given: Any) -> Any:
            """Carry it out, and die before it is committed, as often as is asked for."""
            done = await real(*given)
            if next(kills, False):
                raise ConnectionAbortedError
            return done

        patch.setattr(bank_files, "carry_out", breaking)
        for _ in range(len(failures) + killed + 2):
            with suppress(ConnectionAbortedError, library.StripeError):
                await turn(world, pays, run)
            if early:  # webhooks come before the answer that was lost
                for event in list(double.events):
                    with suppress(ConnectionAbortedError):
                        await tell(database, event)
        if reversed_one and double.transfers:
            double.reverse(0)
        for _ in range(2):  # replayed, backwards
            for event in reversed(double.events):
                await tell(database, event)
        patch.undo()
        await turn(world, pays, run)

        async with database.transaction() as session:
            items = {item.creator_id: item for item in await session.scalars(select(PayoutItem).filter_by(run_id=run))}
            assert len(items) == 3
            made = [each["destination"] for each in double.transfers]
            assert len(made) == len(set(made)), "nobody is paid twice"
            for creator, item in items.items():
                theirs = [each for each in double.transfers if each["destination"] == f"acct_{creator.hex}"]
                assert [each["amount"] for each in theirs] in ([], [3_000])
                left = bool(theirs) and not theirs[0]["reversed"]
                assert item.status == ("confirmed" if left else "returned")
                due = await balance(session, account_id("creator", creator, currency))
                assert due == (0 if left else 3_000), "what did not leave is due again"
            refused = sum(each in ("poor", "closed") for each in failures)
            assert len(double.transfers) >= 3 - refused
            trial = await trial_balance.trial_balance(session)
            assert trial.balanced
            assert trial.agrees


@pytest.mark.slow
async def test_an_empty_platform_is_not_the_payees_fault(database: Database, settings: Settings, double: Any) -> None:
    stripe, url = double
    pays = settings.model_copy(update=Settings.model_validate(paying(url)).model_dump(include=set(paying(url))))
    world = await world_of(database, pays)
    run = await run_of(world, pays, 1)
    stripe.failures = ["poor", "closed"]
    await turn(world, pays, run)
    states = sorted(await lines(world, run), key=str)
    assert len(states) == 3
    async with database.transaction() as session:
        items = list(await session.scalars(select(PayoutItem).filter_by(run_id=run).order_by(PayoutItem.id)))
        assert [(item.status, item.code) for item in items] == [
            ("returned", "AM04"), ("returned", "account_closed"), ("confirmed", ""),
        ]  # fmt: skip
        gaps = await payees.gaps_of(session, [item.creator_id for item in items])
        assert [gaps[item.creator_id] for item in items] == [[], ["account_returned"], []]
        name, made, kind = await file_of(session, pays, run, "pia")
        assert name.endswith(".json")
        assert kind == "application/json"
        assert {each["amount_minor"] for each in json.loads(made)["transfers"]} == {3_000}


@pytest.mark.slow
async def test_a_key_that_is_not_ours_returns_nobodys_money(
    database: Database, settings: Settings, double: Any
) -> None:
    stripe, url = double
    pays = settings.model_copy(update=Settings.model_validate(paying(url)).model_dump(include=set(paying(url))))
    world = await world_of(database, pays)
    run = await run_of(world, pays, 1)
    with pytest.MonkeyPatch.context() as patch:
        denied = library.PermissionError("No.", http_status=403)

        async def deny(*_: Any) -> None:
            raise denied

        patch.setattr("stripe._transfer_service.TransferService.create_async", deny)
        with pytest.raises(library.PermissionError):
            await turn(world, pays, run)
    async with database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(PayoutItem).filter_by(status="sent")) == 3
    await asyncio.gather(*[turn(world, pays, run) for _ in range(3)])
    assert len(stripe.transfers) == 3


@pytest.mark.slow
async def test_who_is_erased_in_between_is_not_paid_and_the_others_are(
    database: Database, settings: Settings, double: Any
) -> None:
    stripe, url = double
    pays = settings.model_copy(update=Settings.model_validate(paying(url)).model_dump(include=set(paying(url))))
    world = await world_of(database, pays)
    run = await run_of(world, pays, 1)
    async with database.transaction() as session:
        viewer = await session.scalar(
            text("SELECT viewer_id FROM creators WHERE id = :id"), {"id": world.creators["kofi"]}
        )
        await signals.send(session, ViewerErased(viewer, "kofi", "erased"))
    await turn(world, pays, run)
    paid = {each["destination"] for each in stripe.transfers}
    assert paid == {f"acct_{world.creators[name].hex}" for name in ("noor", "lena")}
    async with database.transaction() as session:
        assert await balance(session, account_id("creator", world.creators["kofi"], "EUR")) == 3_000


def test_what_a_rail_cannot_carry_is_refused(settings: Settings) -> None:
    with pytest.raises(StripeMissing):
        RAILS["stripe"].check(settings, "EUR")
    pays = Settings.model_validate(paying("http://127.0.0.1:1"))
    RAILS["stripe"].check(pays, "JPY")
    for currency in ("ISK", "UGX", "KWD"):
        with pytest.raises(CurrencyNotOnRail):
            RAILS["stripe"].check(pays, currency)


NAMED = [
    *("id", "type", "data", "object", "created", "amount", "currency", "metadata", "reversed", "payouts_enabled"),
    "groundswell_payout",
]
PLAIN = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
KIND = st.sampled_from(["transfer.created", "transfer.reversed", "account.updated"])
BODIES = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMED), inner | KIND, max_size=6),
    max_leaves=12,
)


@settings(max_examples=100)
@given(BODIES)
def test_any_body_is_read_or_refused(body: Any) -> None:
    with suppress(stripe_messages.StripeEventUnreadable):
        stripe_messages.read_event(json.dumps(body).encode())


@pytest.fixture
async def app(settings: Settings, double: Any) -> AsyncIterator[App]:
    changed = Settings.model_validate(paying(double[1])).model_dump(include=set(paying(double[1])))
    async with started(settings.model_copy(update=changed)) as app:
        yield app


@pytest.mark.slow
async def test_from_the_studio_to_stripe_and_back(app: App, double: Any) -> None:
    stripe, _ = double
    world = await build(app.runtime.database)
    became = {"handle": "noor", "display_name": "Noor"}
    noor, fay, pia = app.signed_in("noor"), app.signed_in("fay", "finance"), app.signed_in("pia", "finance")
    made = (await app.http.post("/v1/creators", json=became, headers=noor)).json()
    world.creators["noor"] = UUID(made["id"])
    async with app.runtime.database.transaction() as session:
        world.viewers["noor"] = await session.scalar(text("SELECT viewer_id FROM creators"))
    await world.moment("noor", "kiss")
    mine = "/v1/creators/me/stripe-account"
    assert (await app.http.get(mine, headers=noor)).json() == {"ready": False}
    stripe.failures = ["broken"]
    broken = await app.http.post(mine, headers=noor)
    assert (broken.status_code, broken.json()["code"]) == (502, "stripe_unreachable")
    for _ in range(2):
        link = await app.http.post(mine, headers=noor)
        assert link.json()["url"] == "https://connect.stripe.example/acct_00000000"
    assert len(stripe.accounts) == 1
    page = await app.http.post("/creator/payee/stripe", headers=await app.session("noor"))
    assert "Go on at Stripe" in page.text

    async def hear(event: dict[str, Any], secret: str = SECRET) -> int:
        body, headers = signed(secret, event)
        return (await app.http.post("/v1/payouts/stripe", content=body, headers=headers)).status_code

    stripe.ready("acct_00000000")
    assert await hear(stripe.events[-1], "whsec_other") == 400
    assert (await app.http.get(mine, headers=noor)).json() == {"ready": False}
    assert await hear(stripe.events[-1]) == 204
    assert (await app.http.get(mine, headers=noor)).json() == {"ready": True}
    await app.http.put("/v1/creators/me/payee", json=FACTS, headers=noor)
    await earned(world, 5_000, ["kiss"])
    shown = await app.http.get("/console/finance/runs", headers=await app.session("fay", "finance"))
    assert "Stripe Connect" in shown.text
    run = (await app.http.post("/v1/payout-runs", json={"currency": "EUR", "rail": "stripe"}, headers=fay)).json()["id"]
    assert (await app.http.post(f"/v1/payout-runs/{run}/approve", headers=pia)).status_code == 200
    assert (await app.http.post(f"/v1/payout-runs/{run}/file", headers=pia)).status_code == 202
    await app.run_jobs()
    await stripe_transfers.send_run(app.runtime.database, app.runtime.settings, UUID(run))
    (line,) = (await app.http.get(f"/v1/payout-runs/{run}/lines", headers=fay)).json()["items"]
    assert (line["status"], line["bank_reference"]) == ("confirmed", "tr_00000000")
    trail = await app.http.get("/console/finance/trail?q=tr_00000000", headers=await app.session("fay", "finance"))
    assert "Difference 0" in trail.text
    stripe.reverse(0)
    for _ in range(3):
        assert await hear(stripe.events[-1]) == 204
    (line,) = (await app.http.get(f"/v1/payout-runs/{run}/lines", headers=fay)).json()["items"]
    assert line["status"] == "returned"
    assert (
        await hear({"id": "evt_1", "object": "event", "type": "charge.updated", "created": 1, "data": {"object": {}}})
        == 204
    )
    assert await hear({"id": "evt_2"}) == 422


async def test_whoever_is_paid_by_stripe_alone_names_no_account(
    database: Database, settings: Settings, double: tuple[Stripe, str]
) -> None:
    told = paying(double[1])
    pays = settings.model_copy(update=Settings.model_validate(told).model_dump(include=set(told)) | PAYER)
    world = await build(database, uuid4().hex)
    for name in ("noor", "kofi", "lena"):
        await world.creator(name)
        await world.moment(name, name)
    with pytest.raises(Invalid):
        await enter(world, settings, "noor", iban=None)  # where nobody is paid by Stripe
    for name in ("noor", "kofi"):
        await enter(world, pays, name, iban=None)
    await enter(world, pays, "lena")
    async with database.transaction() as session:
        account = f"acct_{world.creators['noor'].hex}"
        session.add(StripeAccount(creator_id=world.creators["noor"], account=account, ready=True, made_at=utc_now()))
    await earned(world, 9_000, NAMES)
    async with database.transaction() as session:
        gaps = await payees.gaps_of(session, list(world.creators.values()))
        assert await payees.sharing_accounts(session, list(world.creators.values())) == frozenset(), "none is not one"
    assert [gaps[world.creators[name]] for name in ("noor", "kofi", "lena")] == [[], ["account_missing"], []]
    file = await drafted(world)
    assert list(await lines(world, file)) == ["lena"], "a bank cannot pay them"
    run = await drafted(world, rail="stripe")
    assert list(await lines(world, run)) == ["noor"]
    await approved(world, run)
    await filed(world, pays, run)
    assert (await lines(world, run))["noor"] == ("sent", "", 3_000)
