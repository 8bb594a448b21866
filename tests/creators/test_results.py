"""What moments brought in sign-ups, subscriptions and money: as credited, refunds taken off."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from groundswell.attribution.tables import Touch
from groundswell.creators import results
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.settings import Settings
from tests.earnings.shop import Shop
from tests.earnings.world import build, early_this_month


async def test_credit_and_money_are_of_the_moments_that_earned_them(database: Database, settings: Settings) -> None:
    world = await build(database)
    await world.moment("noor", "kiss")
    await world.moment("noor", "rain")
    await world.moment("kofi", "chase")
    shop = Shop(world, settings)
    await shop.sell("ada", "kiss", "rain")
    refunded = await shop.sell("bea", "kiss", minor=1000)
    await shop.refund(refunded, "bea", 400)
    await shop.sell("cid", "rain", "chase")
    now = utc_now()
    async with database.transaction() as session:
        found = await results.of_viewer(
            session, world.viewers["noor"], now - timedelta(days=2), now + timedelta(days=1)
        )
    by_name = {each.caption: each for each in found.moments}
    assert set(by_name) == {"kiss", "rain"}
    assert by_name["kiss"].subscriptions_millionths == by_name["rain"].subscriptions_millionths == 1_000_000
    money = {name: [(m.amount_minor, m.currency) for m in each.revenue] for name, each in by_name.items()}
    assert money == {"kiss": [(600, "EUR")], "rain": [(999, "EUR")]}
    assert found.total.subscriptions_millionths == 2_000_000
    assert [(m.amount_minor, m.currency) for m in found.total.revenue] == [(1599, "EUR")]
    assert found.model == "last, version 1"


def test_a_period_without_a_zone_is_utc_and_impossible_ones_are_refused() -> None:
    begin, end = results.period(datetime(2026, 1, 1), datetime(2026, 2, 1))  # noqa: DTZ001
    assert (begin, end) == (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
    begin, end = results.period(None, None)
    assert end - begin == timedelta(days=30)
    dawn = datetime.min.replace(tzinfo=UTC)
    for bounds in ((end, end), (end, begin), (dawn, end), (None, dawn)):
        with pytest.raises(results.PeriodImpossible):
            results.period(*bounds)


async def test_channels_are_told_by_links_of_ones_own_and_by_the_code(database: Database, settings: Settings) -> None:
    world = await build(database)
    await world.moment("noor", "kiss")
    await world.viewer("ada")
    share, at = await world.share("kiss", "noor"), early_this_month()
    async with database.transaction() as session:
        session.add(Touch(viewer_id=world.viewers["ada"], event_id=uuid4(), at=at, share_id=share, matched_by="login"))
    await Shop(world, settings).tell("subscription", "ada", 999, None)
    now = utc_now()
    async with database.transaction() as session:
        span = now - timedelta(days=2), now + timedelta(days=1)
        found = await results.of_channels(session, world.viewers["noor"], *span)
        other = await results.of_channels(session, await world.viewer("kofi"), *span)
    (told,) = found
    assert (told.channel, told.subscriptions_millionths) == ("copy", 1_000_000)
    assert [(money.amount_minor, money.currency) for money in told.revenue] == [(999, "EUR")]
    assert other == []
