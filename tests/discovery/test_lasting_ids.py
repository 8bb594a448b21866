"""A scene keeps its id: with another leader, when others join, when a part leaves."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from groundswell.discovery.lasting_ids import allot, new_id
from groundswell.discovery.refresh import refresh
from groundswell.discovery.tables import SceneRow
from groundswell.discovery.title_refresh import mark_title
from groundswell.moments.tables import Moment
from groundswell.platform.database import Database
from tests.earnings.world import World, build

S = 1_000_000
IDS = st.integers(0, 5).map(lambda number: UUID(int=number))


@given(st.lists(st.tuples(IDS, IDS, st.integers(1, 9)), max_size=12), st.sets(IDS), st.sets(IDS, max_size=2))
def test_each_scene_has_one_and_no_two_the_same(
    held: list[tuple[UUID, UUID, int]], more: set[UUID], used: set[UUID]
) -> None:
    firsts = {first for first, _, _ in held} | more
    found = allot(firsts, held, used)
    assert found.keys() == firsts
    assert len(set(found.values())) == len(firsts)
    assert used.isdisjoint(found.values())


def test_the_larger_part_keeps_it() -> None:
    one, other, id = UUID(int=1), UUID(int=2), UUID(int=7)
    assert allot([one, other], [(one, id, 2), (other, id, 3)]) == {other: id, one: new_id(one)}


async def only(world: World) -> SceneRow:
    async with world.database.transaction() as session:
        await refresh(session)
    async with world.database.transaction() as session:
        (scene,) = await session.scalars(select(SceneRow))
        return scene


async def test_another_leader_and_being_made_anew_change_nothing(database: Database) -> None:
    world = await build(database)
    await world.moment("noor", "kiss", 10 * S, 20 * S)
    await world.moment("kofi", "same kiss", 11 * S, 21 * S)
    await world.happen("kiss", "play", "v1", "v2")
    await world.happen("same kiss", "play", "v3")
    first = await only(world)
    await world.happen("same kiss", "play", *(f"w{n}" for n in range(9)))
    led = await only(world)
    assert led.best_moment_id != first.best_moment_id
    async with world.database.transaction() as session:
        await mark_title(session, world.title)
    anew = await only(world)
    async with world.database.transaction() as session:
        gone = update(Moment).where(Moment.id == world.moments["same kiss"]).values(visibility="private")
        await session.execute(gone)
    left = await only(world)
    assert {first.id, led.id, anew.id, left.id} == {first.id}
