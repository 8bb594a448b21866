"""For you over HTTP: for visitors and viewers, without what spoils or is not wanted; noted with probabilities."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from groundswell.accounts.erasure import erase_viewer
from groundswell.catalog.tables import RightsRule, Series, Title
from groundswell.discovery.for_you import feed_model
from groundswell.discovery.for_you.blend import GRID
from groundswell.discovery.for_you.impressions import KEPT_FOR, forget_impressions
from groundswell.discovery.for_you.showings import FeedPlace, FeedShowing
from groundswell.discovery.for_you.tables import FeedBlend, FeedImpression
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from groundswell.platform.settings import Settings
from groundswell.trust.decisions import decide
from tests.catalog.rows import add_title
from tests.discovery.test_api import refresh
from tests.earnings.world import World, build
from tests.support import App

S = 1_000_000


@pytest.fixture
async def world(app: App) -> World:
    """Six scenes of two titles; the first is the second episode of a series."""
    world = await build(app.runtime.database)
    async with app.runtime.database.transaction() as session:
        series = Series(id=uuid7(), slug="trains", name="Trains")
        session.add(series)
        await session.flush()
        await session.execute(update(Title).values(series_id=series.id, season=1, episode=2))
        other = (await add_title(session, "fog")).id
    for n in range(6):
        title = other if n % 2 else world.title
        await world.moment(f"maker{n}", f"scene {n}", n * 60 * S, (n * 60 + 10) * S, title=title)
        await world.share(f"scene {n}")
        await world.happen(f"scene {n}", "play", *(f"v{k}" for k in range(n + 1)))
    await refresh(app)
    return world


async def noted(app: App) -> int:
    async with app.runtime.database.transaction() as session:
        return await session.scalar(select(func.count()).select_from(FeedImpression)) or 0


async def page(app: App, status: int = 200, caller: str | None = None, **params: Any) -> Any:
    headers = app.signed_in(caller) if caller else {}
    answer = await app.http.get("/v1/feed", params=params, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


async def tell(app: App, item: Any, what: str, caller: str | None = None, status: int = 204) -> None:
    headers = app.signed_in(caller) if caller else {}
    answer = await app.http.post(f"/v1/feed/{item['id']}", json={"what": what}, headers=headers)
    assert answer.status_code == status, answer.text


def captions(page: Any) -> set[str]:
    return {item["scene"]["best"]["caption"] for item in page["items"]}


@pytest.mark.slow
async def test_a_visitor_sees_each_scene_once_and_what_is_not_wanted_no_more(app: App, world: World) -> None:
    first = await page(app, limit=2)
    assert len(first["items"]) == 2
    assert {item["reason"] for item in first["items"]} <= {"hot", "fresh"}
    assert all(item["continue_url"].endswith("/go") for item in first["items"])
    assert await noted(app) == 0, "reading writes nothing"
    for _ in range(2):
        await tell(app, first["items"][0], "shown")
    await tell(app, first["items"][1], "less_of_title")
    assert await noted(app) == 2
    unwanted = first["items"][1]["scene"]["title"]["slug"]
    second = await page(app, cursor=first["next"], limit=20)
    assert not captions(first) & captions(second)
    assert unwanted not in {item["scene"]["title"]["slug"] for item in second["items"]}
    last = await page(app, cursor=second["next"])
    assert (last["items"], last["next"]) == ([], None)
    assert len(captions(await page(app, limit=20))) == 6, "for somebody else, all of it"
    async with app.runtime.database.transaction() as session:
        rows = (await session.scalars(select(FeedImpression))).all()
        assert all(0 < row.probability <= 1 and row.reason in {"hot", "fresh", "near"} for row in rows)
        assert {row.outcome for row in rows} == {None, "less_of_title"}


@pytest.mark.slow
async def test_it_learns_within_the_visit_and_of_all(app: App, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in (1, 5):
        await world.moment("fan", f"also {n}", n * 60 * S, (n * 60 + 10) * S, title=await fog(app))
        await world.happen(f"also {n}", "play", "somebody")
    await refresh(app)
    first = await page(app, limit=20)
    liked = next(item for item in first["items"] if item["scene"]["start_us"] == 60 * S)
    await tell(app, liked, "continued")
    async with app.runtime.database.transaction() as session:
        from groundswell.discovery.for_you.sources import gather
        from groundswell.discovery.ranking import Gate

        reader = await session.scalar(select(FeedImpression.reader).limit(1))
        assert reader is not None
        parts = await gather(session, Gate(0, 0), reader, None, utc_now().timestamp())
        near = [id for id, each in parts.items() if "near" in each]
        assert [str(id) for id in near] == [
            item["scene"]["id"] for item in first["items"] if item["scene"]["start_us"] == 300 * S
        ], "what the fan of one clipped as well"
        learned = await feed_model.nearness(session, [UUID(liked["scene"]["id"])], 10)
    assert learned == {}, "nothing is learned yet"
    monkeypatch.setattr(feed_model, "PEOPLE_MIN", 5)
    await feed_model.learn(app.runtime.database)
    await feed_model.learn(app.runtime.database)
    async with app.runtime.database.transaction() as session:
        learned = await feed_model.nearness(session, [UUID(liked["scene"]["id"])], 10)
        assert list(learned) == near
        assert (await gather(session, Gate(0, 0), reader, None, utc_now().timestamp()))[near[0]]["near"] == learned[
            near[0]
        ]
        assert await session.scalar(select(func.count()).select_from(FeedBlend)) == 1
        assert await feed_model.blend(session) in GRID
    assert len((await page(app, limit=20))["items"]) == 6


async def fog(app: App) -> Any:
    async with app.runtime.database.transaction() as session:
        return await session.scalar(select(Title.id).where(Title.slug == "fog"))


@pytest.mark.slow
async def test_nothing_that_spoils_or_that_rights_or_decisions_keep_back(app: App, world: World) -> None:
    body = {"title": "night-train", "position_us": 130 * S}
    await app.http.put("/v1/progress", json=body, headers=app.signed_in("mira"))
    seen = await page(app, caller="mira", limit=20)
    assert captions(seen) == {"scene 1", "scene 2", "scene 3", "scene 5"}
    assert "watching" in {item["reason"] for item in seen["items"]}
    async with app.runtime.database.transaction() as session:
        await session.execute(update(Moment).where(Moment.start_us == 60 * S).values(spoiler=True))
        session.add(RightsRule(scope="title", scope_key=str(world.title), sharing=False, updated_by="ravi"))
        why = {"reason_code": "x", "explanation": "Because.", "decided_by": "tess"}
        await decide(session, kind="moment", subject_id=world.moments["scene 3"], action="hide", **why)
    assert captions(await page(app, caller="noor", limit=20)) == {"scene 5"}


@pytest.mark.slow
async def test_items_are_their_readers_and_go_with_them(app: App, world: World) -> None:
    mine = await page(app, caller="mira", limit=2)
    await tell(app, mine["items"][0], "watched", "mira")
    await tell(app, mine["items"][0], "watched", "noor", 404)
    await tell(app, mine["items"][0], "watched", None, 404)
    for unknown in (uuid7(), mine["items"][1]["id"][:-1] + "!", mine["next"]):
        await tell(app, {"id": unknown}, "shown", "mira", 404)
    await tell(app, mine["items"][0], "nonsense", "mira", 422)
    for cursor in ("x", "é", "a" * 500, mine["next"][:-1] + "!"):
        assert (await page(app, 400, cursor=cursor))["code"] == "cursor_invalid"
    assert (await page(app, 400, caller="noor", cursor=mine["next"]))["code"] == "cursor_invalid"
    async with app.runtime.database.transaction() as session:
        await erase_viewer(session, "groundswell-demo", "mira")
        assert (await session.scalars(select(FeedImpression).where(FeedImpression.viewer_id.is_not(None)))).all() == []
        await page(app, limit=1)
        await forget_impressions(session, utc_now() + KEPT_FOR)
    html = (await app.http.get("/feed")).text
    assert "<gs-feed>" in html
    assert 'href="/feed"' in html


def test_showings_and_cursors_come_back_as_they_were_and_not_for_ever() -> None:
    settings, now_s = Settings(secret_key="s" * 32), int(utc_now().timestamp())
    fresh = FeedShowing(uuid7(), uuid7(), True, uuid7(), uuid7(), 3, "near", 0.25, now_s)
    old = replace(fresh, at_s=now_s - 86_401)
    assert FeedShowing.read(settings, fresh.signed(settings)) == fresh
    assert FeedShowing.read(settings, old.signed(settings)) is None
    place = FeedPlace(uuid7(), now_s).after([uuid7() for _ in range(300)], now_s)
    assert FeedPlace.read(settings, place.signed(settings)) == place
    assert len(place.served) == 200
    assert len(place.signed(settings)) < 1_200
    assert FeedShowing.read(settings, place.signed(settings)) is None
