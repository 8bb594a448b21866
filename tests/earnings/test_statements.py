"""Statements as people read them: what a line is of, and pages that meet."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from groundswell.catalog.tables import Title
from groundswell.earnings import pools, statements
from groundswell.earnings.rules import period_of
from groundswell.earnings.tables import Adjustment
from groundswell.platform.database import Database
from groundswell.platform.ids import uuid7
from groundswell.platform.settings import Settings

from .shop import Shop
from .world import World, build, early_this_month, this_month

LAST = early_this_month().replace(day=1) - timedelta(days=1)


@pytest.fixture
async def world(database: Database) -> World:
    world = await build(database)
    for subject, name in (("noor", "kiss"), ("kofi", "rain"), ("lena", "snow")):
        await world.creator(subject)
        await world.moment(subject, name, start_us=5_000_000, end_us=9_000_000)
    return world


async def divided(world: World, period: str, basis: str = "plays", amount: int = 9000) -> UUID:
    async with world.database.transaction() as session:
        pool = await pools.fund(
            session, period=period, basis=basis, amount_minor=amount, currency="EUR", created_by="fay"
        )
    await pools.run(world.database, pool.id)
    return pool.id


async def test_a_line_says_what_it_is_of(world: World) -> None:
    async with world.database.transaction() as session:
        session.add(other := Title(id=uuid7(), slug="day-train", name="Day Train"))
    await world.moment("noor", "chase", title=other.id)
    await world.happen("kiss", "play", "v1", "v2", at=LAST)
    await world.happen("chase", "play", "v1", at=LAST)
    pool = await divided(world, period_of(LAST))
    id = pools.posting_id("pool", pool, "creator", world.creators["noor"])
    async with world.database.transaction() as session:
        found = await statements.detail(session, id)
    assert [(line.caption, line.title, line.weight, line.amount_minor) for line in found.lines] == [
        ("kiss", "Night Train", 2, 6000),
        ("chase", "Day Train", 1, 3000),
    ]
    kiss = found.lines[0]
    assert (kiss.moment_id, kiss.start_us, kiss.end_us) == (world.moments["kiss"], 5_000_000, 9_000_000)
    assert kiss.moment_code
    assert str(world.moments["kiss"]) in kiss.evidence_url
    assert (found.weight, found.pool_weight, found.amount_minor, found.pool_amount_minor) == (3, 3, 9000, 9000)
    assert (found.creator.handle, found.period, found.currency) == ("noor", period_of(LAST), "EUR")


async def test_pages_of_a_pools_statements_are_the_largest_first_and_meet(world: World) -> None:
    for name, visitors in (("kiss", "v"), ("rain", "vw"), ("snow", "v")):
        await world.happen(name, "play", *visitors, at=LAST)
    pool = await divided(world, period_of(LAST), amount=8000)
    async with world.database.transaction() as session:
        every = await statements.of_pool(session, pool, None, 9)
        assert [each.amount_minor for each in every] == [4000, 2000, 2000]
        assert every[0].creator.handle == "kofi"
        assert every[1].id < every[2].id, "equal ones by id"
        pages = [
            (await statements.of_pool(session, pool, after, 1))[0].id for after in (None, every[0].id, every[1].id)
        ]
        assert pages == [each.id for each in every]
        assert await statements.of_pool(session, pool, every[2].id, 9) == []


async def test_a_creators_statements_are_newest_first_and_their_own(world: World) -> None:
    for at in (LAST, early_this_month()):
        await world.happen("kiss", "play", "v", at=at)
        await world.happen("rain", "play", "v", at=at)
    first = await divided(world, period_of(LAST))
    second = await divided(world, this_month())
    noor = world.creators["noor"]
    async with world.database.transaction() as session:
        found = await statements.of_creator(session, noor, None, 9)
        assert [each.pool_id for each in found] == [second, first]
        assert {each.creator.id for each in found} == {noor}
        assert [each.id for each in await statements.of_creator(session, noor, None, 1)] == [found[0].id]
        assert [each.id for each in await statements.of_creator(session, noor, found[0].id, 9)] == [found[1].id]
        assert [each.id for each in await statements.pools(session, None, None, 9)] == [second, first]
        assert [each.id for each in await statements.pools(session, None, second, 9)] == [first]
        assert [each.id for each in await statements.pools(session, period_of(LAST), None, 9)] == [first]


async def test_what_is_taken_back_names_the_sale_and_the_line(world: World, settings: Settings) -> None:
    shop = Shop(world, settings)
    sale = await shop.sell("ada", "kiss")
    pool = await divided(world, this_month(), "conversions", 4000)
    await shop.refund(sale, "ada")
    async with world.database.transaction() as session:
        (taken,) = await session.scalars(select(Adjustment))
    statement = pools.posting_id("pool", pool, "creator", world.creators["noor"])
    assert (taken.amount_minor, taken.currency, taken.reason_code) == (-4000, "EUR", "refund")
    assert (taken.statement_id, taken.moment_id) == (statement, world.moments["kiss"])
    assert taken.evidence["moment"] == str(world.moments["kiss"])
    assert taken.evidence["statement"] == str(statement)
    assert taken.explanation
    assert taken.appeal
