"""Addresses of the console under a name."""

from uuid import UUID

import pytest

from groundswell.insights.saved_views import MOST, ViewsFull, forget_view, save_view, saved_views
from groundswell.platform.database import Database
from tests.events.places import viewer


@pytest.fixture
async def people(database: Database) -> dict[str, UUID]:
    async with database.transaction() as session:
        return {name: (await viewer(session, name)).id for name in ("mira", "fay")}


async def told(database: Database) -> list[tuple[str, str, str]]:
    async with database.transaction() as session:
        return [(view.name, view.address, by) for view, by in await saved_views(session)]


async def test_a_name_of_ones_own_stands_for_its_last_address(database: Database, people: dict[str, UUID]) -> None:
    given = (("weekly", "/console/a", "mira"), ("daily", "/console/b", "mira"), ("weekly", "/console/c", "fay"))
    for name, address, by in (*given, ("weekly", "/console/d", "mira")):
        async with database.transaction() as session:
            await save_view(session, name, address, people[by])
    found = await told(database)
    assert [name for name, *_ in found] == ["daily", "weekly", "weekly"], "by name"
    assert set(found) == {
        ("daily", "/console/b", "Mira"),
        ("weekly", "/console/c", "Fay"),
        ("weekly", "/console/d", "Mira"),
    }


async def test_a_view_is_forgotten_by_its_owner_alone_and_no_other_goes(
    database: Database, people: dict[str, UUID]
) -> None:
    async with database.transaction() as session:
        for name in ("weekly", "daily"):
            await save_view(session, name, "/console/a", people["mira"])
        (daily, _), _ = await saved_views(session)
        assert not await forget_view(session, daily.id, people["fay"])
    assert len(await told(database)) == 2
    async with database.transaction() as session:
        assert [await forget_view(session, daily.id, people["mira"]) for _ in range(2)] == [True, True]
    assert [name for name, *_ in await told(database)] == ["weekly"]


async def test_one_keeps_so_many_and_no_more(database: Database, people: dict[str, UUID]) -> None:
    async with database.transaction() as session:
        for n in range(MOST):
            await save_view(session, f"view {n}", "/console/a", people["mira"])
        with pytest.raises(ViewsFull):
            await save_view(session, "one more", "/console/a", people["mira"])
        await save_view(session, "view 0", "/console/b", people["mira"])
        await save_view(session, "one more", "/console/a", people["fay"])
        assert len(await saved_views(session)) == MOST + 1
