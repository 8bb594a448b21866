"""Scenes from the event log: people count once a day, late events count, nothing counts twice."""

import asyncio
import math
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.tables import Line, Title
from groundswell.discovery import heat, jobs, refresh, title_refresh
from groundswell.discovery.person_weight import FRESH
from groundswell.discovery.signals import SceneRising
from groundswell.discovery.tables import HeatDay, SceneRow
from groundswell.events.event import Event
from groundswell.events.log.event_log import record
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.ids import uuid7
from groundswell.trust.decisions import decide, lift
from tests.earnings.world import World, build
from tests.support import App, hearing

S = 1_000_000
assert jobs.restricted, "subscribed"


@pytest.fixture
async def world(database: Database) -> World:
    world = await build(database)
    await world.moment("noor", "kiss", 10 * S, 20 * S)
    await world.moment("kofi", "same kiss", 11 * S, 21 * S)
    await world.moment("ada", "rain", 60 * S, 70 * S)
    return world


async def refreshed(world: World) -> int:
    async with world.database.transaction() as session:
        return await refresh.refresh(session)


async def scenes(world: World) -> list[SceneRow]:
    async with world.database.transaction() as session:
        return list(await session.scalars(select(SceneRow).order_by(SceneRow.slow_log.desc())))


async def level(world: World, name: str) -> float:
    """The heat of a moment, undecayed to a day's end far back, so that a test may compare it."""
    async with world.database.transaction() as session:
        rows = (await session.scalars(select(HeatDay).filter_by(moment_id=world.moments[name]))).all()
        return heat.level(heat.add(*(row.log_heat for row in rows)), utc_now().timestamp())


async def test_scenes_are_gathered_from_what_people_did(world: World) -> None:
    async with world.database.transaction() as session:
        session.add(Line(title_id=world.title, language="en", number=1, start_us=9 * S, end_us=12 * S, text="Wait."))
        session.add(Line(title_id=world.title, language="en", number=2, start_us=12 * S, end_us=19 * S, text="Stay."))
    await world.happen("kiss", "play", "v1", "v2")
    await world.happen("same kiss", "play", "v1")
    await world.happen("rain", "click", "v1")
    assert await refreshed(world) == 1
    kiss, rain = await scenes(world)
    assert (kiss.moments, kiss.plays, kiss.clicks, kiss.quote) == (2, 3, 0, "Stay.")
    assert kiss.best_moment_id == world.moments["kiss"]
    assert (rain.moments, rain.clicks, rain.quote) == (1, 1, None)
    assert await refreshed(world) == 0, "nothing is new"


async def test_heat_is_that_of_the_formula(world: World) -> None:
    now = utc_now()
    moments = {name: now - timedelta(hours=hours) for name, hours in (("kiss", 1), ("rain", 40))}
    for name, at in moments.items():
        await world.happen(name, "play", "v1", at=at)
        await world.happen(name, "click", "v1", "v2", at=at)
    await refreshed(world)
    for name, at in moments.items():
        votes = [(FRESH * heat.WEIGHTS[kind], at.timestamp()) for kind in ("play", "click", "click")]
        expected = heat.level(heat.total(votes), utc_now().timestamp())
        assert await level(world, name) == pytest.approx(expected, rel=1e-3)


async def test_a_visitor_counts_once_a_day_and_robots_and_makers_never(world: World) -> None:
    await world.happen("kiss", "play", "v1")
    await refreshed(world)
    once = await level(world, "kiss")
    await world.happen("kiss", "play", "v1", "v1")
    await world.happen("kiss", "play", "bot", verdict="robot")
    await world.happen("kiss", "unfurl", "bot", verdict="unfurl")
    await world.happen("kiss", "play", "herself", viewer=world.viewers["noor"])
    await refreshed(world)
    assert await level(world, "kiss") == pytest.approx(once, rel=1e-3)
    await world.happen("kiss", "play", "v2")
    await refreshed(world)
    assert await level(world, "kiss") == pytest.approx(2 * once, rel=1e-3)


async def test_an_event_that_commits_late_is_still_read(world: World) -> None:
    await world.happen("kiss", "play", "v0")  # makes the day's partition, which must not wait for the slow one
    async with world.database.sessions() as slow:
        late = Event(kind="play", at=utc_now(), moment_id=world.moments["rain"], visitor="slow", verdict="human")
        await record(slow, late)
        await world.happen("kiss", "play", "v1")
        await refreshed(world)
        await slow.commit()
    await refreshed(world)
    assert {scene.best_moment_id for scene in await scenes(world)} == {world.moments["kiss"], world.moments["rain"]}


async def test_many_refreshes_at_once_agree(world: World) -> None:
    await world.happen("kiss", "play", "v1", "v2", "v3")
    await asyncio.gather(*(refreshed(world) for _ in range(5)))
    (scene,) = await scenes(world)
    assert scene.plays == 3


@pytest.mark.parametrize("visibility", ["unlisted", "private"])
async def test_what_is_not_public_does_not_vote(world: World, visibility: str) -> None:
    await world.moment("eve", "hidden", 10 * S, 20 * S, visibility=visibility)
    await world.moment("eve", "alone", 100 * S, 110 * S, visibility=visibility)
    await world.happen("hidden", "play", *(f"v{n}" for n in range(9)))
    for name in ("alone", "kiss"):
        await world.happen(name, "play", "v1")
    await refreshed(world)
    (scene,) = await scenes(world)
    assert (scene.best_moment_id, scene.moments, scene.plays) == (world.moments["kiss"], 1, 1)


@pytest.mark.parametrize("values", [{"visibility": "private"}, {"deleted_at": utc_now()}])
async def test_a_moment_that_is_withdrawn_leaves_its_scene(world: World, values: dict[str, object]) -> None:
    await world.happen("kiss", "play", "v1", "v2")
    await world.happen("same kiss", "play", "v1")
    await refreshed(world)
    async with world.database.transaction() as session:
        await session.execute(update(Moment).where(Moment.id == world.moments["kiss"]).values(values))
    assert await refreshed(world) == 1
    (scene,) = await scenes(world)
    assert (scene.best_moment_id, scene.moments) == (world.moments["same kiss"], 1)


async def decided(world: World, action: str, kind: str, subject: UUID) -> UUID:
    async with world.database.transaction() as session:
        decision = await decide(
            session,
            kind=kind,
            subject_id=subject,
            action=action,
            reason_code="x",
            explanation="Because.",
            decided_by="tess",
        )
        return decision.id


@pytest.mark.parametrize("kind", ["moment", "viewer", "title"])
async def test_what_is_taken_down_leaves_until_the_decision_is_lifted(world: World, kind: str) -> None:
    await world.happen("kiss", "play", "v1")
    await refreshed(world)
    subject = {"moment": world.moments["kiss"], "viewer": world.viewers["noor"], "title": world.title}[kind]
    decision = await decided(world, "hide", kind, subject)
    await refreshed(world)
    assert await scenes(world) == []
    async with world.database.transaction() as session:
        await lift(session, decision, "tess")
    await refreshed(world)
    assert len(await scenes(world)) == 1


async def test_a_demoted_moment_counts_for_a_tenth(world: World) -> None:
    await world.happen("kiss", "play", "v1", "v2")
    await world.happen("rain", "play", "v1")
    await refreshed(world)
    before = {scene.best_moment_id: scene.slow_log for scene in await scenes(world)}
    await decided(world, "demote", "moment", world.moments["kiss"])
    await refreshed(world)
    first, second = await scenes(world)
    assert first.best_moment_id == world.moments["rain"]
    assert second.slow_log == pytest.approx(before[world.moments["kiss"]] + math.log2(0.1))


async def test_a_scene_that_begins_to_rise_is_told_once(world: World) -> None:
    with hearing(SceneRising) as heard:
        await world.happen("kiss", "play", "v1")
        await refreshed(world)
        assert heard == []
        for number in range(9):
            await world.happen("kiss", "play", f"v{number}", viewer=await world.established(f"fan{number}"))
        await refreshed(world)
        await world.happen("kiss", "play", "v10", "v11")
        await world.happen("rain", "click", "v1")
        await refreshed(world)
    assert [signal.scene.best_moment_id for signal in heard] == [world.moments["kiss"]]


@pytest.mark.slow
async def test_one_vote_touches_what_lies_around_it(world: World) -> None:
    """Of a title with many scenes, the row of one is written anew."""
    for number in range(30):
        await world.moment("eve", f"far {number}", (100 + 10 * number) * S, (106 + 10 * number) * S)
        await world.happen(f"far {number}", "play", "v1")
    await refreshed(world)
    before = {scene.id: scene.refreshed_at for scene in await scenes(world)}
    await world.happen("far 7", "play", "v2")
    await refreshed(world)
    after = {scene.id: scene.refreshed_at for scene in await scenes(world)}
    assert len(before) == len(after) == 30
    (written,) = [id for id, at in after.items() if before[id] != at]
    async with world.database.transaction() as session:
        scene = await session.get_one(SceneRow, written)
    assert scene.best_moment_id == world.moments["far 7"]


async def test_a_sick_title_keeps_no_other_waiting(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    world = await build(app.runtime.database)
    async with world.database.transaction() as session:
        title = Title(id=uuid7(), slug="other", name="Other")
        session.add(title)
    sick, gathered = world.title, title_refresh.gather

    async def gather(session: AsyncSession, title_id: UUID) -> bool:
        if title_id == sick:
            raise RuntimeError("sick")
        return await gathered(session, title_id)

    monkeypatch.setattr(title_refresh, "gather", gather)
    await world.moment("noor", "ill", 10 * S, 20 * S)
    await world.moment("kofi", "well", 10 * S, 20 * S, title=title.id)
    for name in ("ill", "well"):
        await world.happen(name, "play", "v1")
    async with world.database.transaction() as session:
        await jobs.soon(session)
    await app.run_jobs()
    assert [scene.best_moment_id for scene in await scenes(world)] == [world.moments["well"]]
    monkeypatch.setattr(title_refresh, "gather", gathered)
    async with world.database.transaction() as session:
        await title_refresh.gather(session, sick)
    assert len(await scenes(world)) == 2, "what was marked of it is still marked"


@pytest.mark.slow
async def test_a_title_with_more_to_do_than_a_page_takes_turns(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    world = await build(app.runtime.database)
    monkeypatch.setattr(title_refresh, "PAGE", 3)
    for number in range(10):
        await world.moment("noor", f"m{number}", 20 * number * S, (20 * number + 10) * S)
        await world.happen(f"m{number}", "play", "v1")
    async with world.database.transaction() as session:
        await jobs.soon(session)
    await app.run_jobs()
    assert len(await scenes(world)) == 10
