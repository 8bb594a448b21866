"""Discover and the heatmap over HTTP."""

from typing import Any

import pytest
from sqlalchemy import update

from groundswell.catalog.tables import RightsRule
from groundswell.moments.tables import Moment
from groundswell.trust.decisions import decide
from tests.earnings.world import World, build
from tests.support import App

S = 1_000_000


@pytest.fixture
async def world(app: App) -> World:
    world = await build(app.runtime.database)
    for number, plays in enumerate([1, 3, 2]):
        await world.moment(f"maker{number}", f"scene {number}", number * 60 * S, (number * 60 + 10) * S)
        await world.share(f"scene {number}")
        await world.happen(f"scene {number}", "play", *(f"v{n}" for n in range(plays)))
    await refresh(app)
    return world


async def refresh(app: App) -> None:
    from groundswell.discovery.jobs import soon

    async with app.runtime.database.transaction() as session:
        await soon(session)
    await app.run_jobs()


async def get(app: App, path: str, status: int = 200, **params: Any) -> Any:
    answer = await app.http.get(path, params=params)
    assert answer.status_code == status, answer.text
    return answer.json()


def captions(page: Any) -> list[str]:
    return [scene["best"]["caption"] for scene in page["items"]]


@pytest.mark.slow
async def test_discover_lists_scenes_by_heat(app: App, world: World) -> None:
    page = await get(app, "/v1/discover")
    assert captions(page) == ["scene 1", "scene 2", "scene 0"]
    first = page["items"][0]
    assert (first["moments"], first["sharers"], first["plays"], first["trend"]) == (1, 1, 3, "rising")
    assert first["heat"] > page["items"][1]["heat"] > page["items"][2]["heat"] > 0
    assert first["times_usual"] is None, "what is new has no usual"
    assert first["title"]["slug"] == "night-train"
    assert first["best"]["url"] == f"/m/{first['best']['code']}"
    assert page["next"] is None
    assert set(page["counts"]) == {"heat", "times_usual", "moments", "sharers", "clicks", "plays"}
    assert captions(await get(app, "/v1/discover", title="night-train")) == captions(page)
    assert (await get(app, "/v1/discover", 404, title="unknown"))["status"] == 404


async def test_pages_follow_one_another(app: App, world: World) -> None:
    seen, cursor = [], None
    for _ in range(3):
        page = await get(app, "/v1/discover", limit=1, **({"cursor": cursor} if cursor else {}))
        seen += captions(page)
        cursor = page["next"]
    assert seen == ["scene 1", "scene 2", "scene 0"]
    if cursor is not None:
        assert (await get(app, "/v1/discover", limit=1, cursor=cursor))["items"] == []


async def test_foreign_cursors_are_refused(app: App) -> None:
    for cursor in ["x", "", "é", "AAAA", "a" * 500, "f_gAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]:
        assert (await get(app, "/v1/discover", 400, cursor=cursor))["code"] == "cursor_invalid", cursor


async def test_what_was_just_taken_down_or_withdrawn_is_gone_at_once(app: App, world: World) -> None:
    async with world.database.transaction() as session:
        await decide(
            session,
            kind="moment",
            subject_id=world.moments["scene 1"],
            action="hide",
            reason_code="x",
            explanation="Because.",
            decided_by="tess",
        )
        unlisted = update(Moment).where(Moment.id == world.moments["scene 2"]).values(visibility="unlisted")
        await session.execute(unlisted)
    page = await get(app, "/v1/discover", limit=1)
    assert captions(page) == ["scene 0"], "before any refresh"


async def test_what_rights_forbid_is_not_shown(app: App, world: World) -> None:
    async with world.database.transaction() as session:
        session.add(RightsRule(scope="title", scope_key=str(world.title), sharing=False, updated_by="ravi"))
    page = await get(app, "/v1/discover")
    assert (page["items"], page["next"]) == ([], None)


async def test_the_maker_is_named_only_if_they_wish(app: App, world: World) -> None:
    async with world.database.transaction() as session:
        anonymous = update(Moment).where(Moment.id == world.moments["scene 1"]).values(credit_me=False)
        await session.execute(anonymous)
    by = [scene["best"]["by"] for scene in (await get(app, "/v1/discover"))["items"]]
    assert by == [None, "Maker2", "Maker0"]


async def test_the_heatmap_is_hottest_where_most_was_played(app: App, world: World) -> None:
    heatmap = await get(app, "/v1/titles/night-train/heatmap")
    assert (heatmap["duration_us"], heatmap["bin_us"], len(heatmap["bins"])) == (600 * S, 5 * S, 120)
    assert heatmap["bins"][12:14] == [1.0, 1.0]
    assert heatmap["bins"][0] == pytest.approx(1 / 3, abs=0.01)
    assert sum(1 for value in heatmap["bins"] if value) == 6
    assert heatmap["moments"] == 3
    assert (await get(app, "/v1/titles/unknown/heatmap", 404))["status"] == 404
