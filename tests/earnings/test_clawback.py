"""Pools over credited subscriptions, and what a refund takes back."""

import asyncio
from uuid import UUID

import pytest

from groundswell.earnings import pools, statements, trial_balance
from groundswell.earnings.ledger import account_id, balance
from groundswell.earnings.receivables import owed_back
from groundswell.platform.database import Database
from groundswell.platform.settings import Settings

from .shop import Shop
from .world import World, build, this_month


@pytest.fixture
async def shop(database: Database, settings: Settings) -> Shop:
    world = await build(database)
    for subject, name in (("noor", "kiss"), ("kofi", "rain")):
        await world.creator(subject)
        await world.moment(subject, name)
    return Shop(world, settings)


async def divided(world: World, amount: int) -> UUID:
    async with world.database.transaction() as session:
        pool = await pools.fund(
            session, period=this_month(), basis="conversions", amount_minor=amount, currency="EUR", created_by="fay"
        )
    await pools.run(world.database, pool.id)
    return pool.id


async def owed(world: World) -> dict[str, int]:
    async with world.database.transaction() as session:
        trial = await trial_balance.trial_balance(session)
        assert trial.balanced
        assert trial.agrees
        return {
            subject: await balance(session, account_id("creator", creator, "EUR"))
            - await owed_back(session, creator, "EUR")
            for subject, creator in world.creators.items()
        }


async def test_a_pool_is_divided_over_credited_subscriptions(shop: Shop) -> None:
    await shop.sell("ada", "kiss", "rain")  # the last touch has it all
    await shop.sell("bea", "kiss")
    await shop.sell("cid", "rain")
    refunded = await shop.sell("dan", "kiss")
    half = await shop.sell("eve", "kiss", minor=1000)
    await shop.refund(refunded, "dan")
    await shop.refund(half, "eve", 500)
    await shop.sell("fox")  # nobody's share
    await shop.sell("noor", "kiss")  # the creator's own
    pool = await divided(shop.world, 7000)
    assert await owed(shop.world) == {"noor": 3000, "kofi": 4000}
    async with shop.world.database.transaction() as session:
        id = pools.posting_id("pool", pool, "creator", shop.world.creators["noor"])
        views = await statements.evidence(session, id, moment_id=None, after=None, limit=10)
        assert sorted(view.weight for view in views) == [500_000, 1_000_000]
        assert {view.kind for view in views} == {"conversion"}


async def test_a_refund_after_the_count_takes_the_money_back_once(shop: Shop) -> None:
    sales = {subject: await shop.sell(subject, "kiss") for subject in ("ada", "bea")}
    await shop.sell("cid", "rain")
    await divided(shop.world, 9001)
    before = await owed(shop.world)
    assert before == {"noor": 6001, "kofi": 3000}
    await shop.refund(sales["ada"], "ada")
    assert await owed(shop.world) == {"noor": 3001, "kofi": 3000}
    await shop.refund(sales["bea"], "bea", 333)  # a third
    assert await owed(shop.world) == {"noor": 3001 - 1000, "kofi": 3000}


async def test_a_refund_of_what_no_pool_counted_takes_nothing(shop: Shop) -> None:
    await shop.sell("bea", "kiss")
    await divided(shop.world, 1000)
    late = await shop.sell("ada", "kiss")
    await shop.refund(late, "ada")
    assert await owed(shop.world) == {"noor": 1000, "kofi": 0}


async def test_a_refund_while_a_pool_is_counted_is_seen_by_one_of_them(shop: Shop) -> None:
    """Whoever comes first: kofi, whose sale stands, ends up with his half or with all; never does noor keep hers."""
    sale = await shop.sell("ada", "kiss")
    await shop.sell("bea", "rain")
    await asyncio.gather(divided(shop.world, 1000), shop.refund(sale, "ada"))
    after = await owed(shop.world)
    assert after["noor"] == 0
    assert after["kofi"] in {500, 1000}
