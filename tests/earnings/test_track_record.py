"""What the fraud desk is told of somebody's numbers and money, before anything is done."""

from uuid import UUID

from groundswell.earnings.rules import PoolTerms
from groundswell.earnings.track_record import standing

from .test_corrections import divided
from .world import World, in_month, month_before


async def test_what_is_held_is_due_and_not_payable_in_each_currency_by_itself(world: World) -> None:
    for back in (2, 1):
        await world.happen("kiss", "play", "v1", at=in_month(month_before(back)))
    await divided(world, 4_000, back=2)
    await divided(world, 5_000, PoolTerms(hold_days=14))
    await divided(world, 700, PoolTerms(hold_days=14), currency="USD")
    async with world.database.transaction() as session:
        stands = await standing(session, world.viewers["noor"])
    assert (stands.money, stands.payable) == ({"EUR": 9_000, "USD": 700}, {"EUR": 4_000, "USD": 0})


async def test_plays_and_clicks_of_people_are_counted_apart(world: World) -> None:
    share: UUID = await world.share("kiss", "noor")
    await world.happen("kiss", "click", "v1", share=share)
    await world.happen("kiss", "play", "v1", "v2", share=share)
    await world.happen("kiss", "play", "v3", share=share, verdict="robot")
    async with world.database.transaction() as session:
        stands = await standing(session, world.viewers["noor"])
    assert (stands.clicks, stands.plays) == (1, 2)
