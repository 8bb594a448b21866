"""From how much on a creator is paid: what they chose, between what the service pays out and what would never leave."""

import pytest

from groundswell.earnings import payables, payouts, thresholds
from groundswell.earnings.ledger import account_id, balance
from groundswell.platform.database import Database
from groundswell.platform.settings import Settings
from tests.payouts import places
from tests.payouts.places import earned, payer
from tests.support import App

from .world import World, build


async def chosen(world: World, name: str, least: int | None) -> None:
    async with world.database.transaction() as session:
        await thresholds.choose(session, world.creators[name], "EUR", least)


async def test_less_than_they_want_is_carried_over_and_enough_is_paid(database: Database, settings: Settings) -> None:
    world = await build(database)
    for name in ("noor", "kofi"):
        await world.creator(name)
        await world.moment(name, f"of {name}")
        await places.enter(world, payer(settings), name)
    await earned(world, 6_000, ["of noor", "of kofi"])
    await chosen(world, "noor", 5_000)
    run = await places.drafted(world)
    assert list(await places.lines(world, run)) == ["kofi"]
    async with database.transaction() as session:
        noor = world.creators["noor"]
        due = await balance(session, account_id("creator", noor, "EUR"))
        refusal = await payables.why_unpayable(
            session, noor, "EUR", await payables.payable_of(session, noor, "EUR", due)
        )
        assert isinstance(refusal, payables.BelowMinimum)
        assert refusal.members["minimum_minor"] == 5_000
    await chosen(world, "noor", None)
    async with database.transaction() as session:
        assert (await payouts.pay_creator(session, noor, "EUR", "pia")).amount_minor == 3_000


async def test_raised_after_it_was_approved_the_line_is_held_out(database: Database, settings: Settings) -> None:
    world = await build(database)
    await world.creator("noor")
    await world.moment("noor", "of noor")
    await places.enter(world, payer(settings), "noor")
    await earned(world, 3_000, ["of noor"])
    run = await places.drafted(world)
    await places.approved(world, run)
    await chosen(world, "noor", 9_000)
    await places.filed(world, payer(settings), run)
    assert await places.lines(world, run) == {"noor": ("held_out", "below_minimum", 3_000)}


@pytest.mark.parametrize("least", [999, 100_001])
async def test_what_is_no_threshold(database: Database, least: int) -> None:
    world = await build(database)
    await world.creator("noor")
    with pytest.raises(thresholds.ThresholdImpossible):
        await chosen(world, "noor", least)


async def test_a_creator_says_it_on_their_page_and_over_http(app: App) -> None:
    world = await build(app.runtime.database)
    await world.creator("noor")
    noor, mine = app.signed_in("noor"), "/v1/creators/me/payout-thresholds"
    assert (await app.http.put(f"{mine}/EUR", json={"least_minor": 5_000}, headers=noor)).status_code == 204
    assert (await app.http.get(mine, headers=noor)).json() == [{"currency": "EUR", "least_minor": 5_000}]
    page = await app.session("noor")
    assert "€50.00" in (await app.http.get("/creator/payee", headers=page)).text
    low = await app.http.post("/creator/payee/threshold", data={"currency": "EUR", "least": "5"}, headers=page)
    assert (low.status_code, "threshold_impossible" in low.text) == (422, True)
    none = await app.http.post("/creator/payee/threshold", data={"currency": "EUR", "least": ""}, headers=page)
    assert none.headers["location"].startswith("/creator/payee?saved=1")
    assert (await app.http.get(mine, headers=noor)).json() == []
    assert (await app.http.put(f"{mine}/ZZZ", json={"least_minor": 5_000}, headers=noor)).status_code == 422
    assert (await app.http.delete(f"{mine}/EUR", headers=app.signed_in("ada"))).json()["code"] == "creator_missing"
