"""What stands in the way of closing a month is counted from the rows, and gone once it is seen to."""

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from groundswell.attribution.conversions import report
from groundswell.attribution.schemas import Money, NewConversion
from groundswell.attribution.tables import Conversion
from groundswell.earnings import campaign_recounts, month_end, pools, rates
from groundswell.earnings.rules import PoolTerms
from groundswell.platform.database import Database
from groundswell.platform.settings import Settings

from .world import NOT_HELD, World, build, in_month, month_before


async def standing(world: World, period: str) -> dict[str, int]:
    async with world.database.transaction() as session:
        return {each.code: each.count for each in await month_end.obstacles(session, period)}


async def sell(world: World, settings: Settings, id: str, currency: str, period: str) -> None:
    sale = {"id": id, "kind": "subscription", "viewer": "ann", "at": in_month(period)}
    money = Money(minor=999, currency=currency)
    async with world.database.transaction() as session:
        await report(session, settings, NewConversion.model_validate(sale | {"amount": money}))


async def fund(world: World, period: str, terms: PoolTerms, **stream: Any) -> Any:
    async with world.database.transaction() as session:
        whole = {"basis": "revenue", "currency": "EUR", "amount_minor": 100, "created_by": "fay"} | stream
        return (await pools.fund(session, period=period, terms=terms, **whole)).id


async def test_months_say_what_stands_in_the_way(database: Database, settings: Settings) -> None:
    world, last, before = await build(database), month_before(1), month_before(2)
    await world.viewer("ann")
    await world.creator("noor")
    await world.moment("noor", "kiss")
    async with database.transaction() as session:
        months = await month_end.months(session)
    assert [month.period for month in months[:3]] == [month_before(0), last, before]
    assert [month.ready for month in months] == [False, *[True] * 11]
    assert [each.words for each in months[0].obstacles] == ["The month is not over."]
    await sell(world, settings, "1", "USD", last)
    async with database.transaction() as session:
        await campaign_recounts.note(session, list(await session.scalars(select(Conversion.id))))
    assert await standing(world, last) == {"pool_missing": 1, "recounts_waiting": 1}
    await fund(world, last, NOT_HELD)
    assert await standing(world, last) == {"pool_undivided": 1, "rate_missing": 1, "recounts_waiting": 1}
    async with database.transaction() as session:
        await rates.enter(
            session, currency="USD", into="EUR", valid_from=date(2020, 1, 1), rate=Decimal("0.9"), entered_by="fay"
        )
    assert await standing(world, last) == {"pool_undivided": 1, "recounts_waiting": 1}
    await world.happen("kiss", "play", "v1", at=in_month(before))
    held = await fund(world, before, PoolTerms(hold_days=14), basis="plays")
    await pools.run(database, held)
    assert await standing(world, before) == {"earnings_held": 1}
