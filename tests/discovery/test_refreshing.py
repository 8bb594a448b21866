"""Scenes from the event log: people count once a day, late events count, nothing counts twice."""

import asyncio
import math
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from groundswell.catalog.tables import Line
from groundswell.discovery import heat, jobs, refreshing
from groundswell.discovery.tables import HeatDay, SceneRow
from groundswell.events.event import Event
from groundswell.events.log import record
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.trust.decisions import decide, lift
from tests.earnings.world import World, build

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
        return await refreshing.refresh(session)


async def scenes(world: World) -> list[SceneRow]:
    async with world.database.transaction() as session:
        return list(await session.scalars(select(SceneRow).order_by(SceneRow.log_heat.desc())))


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
        votes = [(heat.WEIGHTS["play"], at.timestamp()), *[(heat.WEIGHTS["click"], at.timestamp())] * 2]
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


async def test_unlisted_moments_vote_but_are_not_shown_and_private_ones_do_not_vote(world: World) -> None:
    await world.moment("eve", "unlisted", 10 * S, 20 * S, visibility="unlisted")
    await world.moment("eve", "diary", 10 * S, 20 * S, visibility="private")
    await world.moment("eve", "alone", 100 * S, 110 * S, visibility="unlisted")
    await world.happen("unlisted", "play", *(f"v{n}" for n in range(9)))
    for name in ("diary", "alone", "kiss"):
        await world.happen(name, "play", "v1")
    await refreshed(world)
    (scene,) = await scenes(world)
    assert (scene.best_moment_id, scene.moments) == (world.moments["kiss"], 2)


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
    before = {scene.best_moment_id: scene.log_heat for scene in await scenes(world)}
    await decided(world, "demote", "moment", world.moments["kiss"])
    await refreshed(world)
    first, second = await scenes(world)
    assert first.best_moment_id == world.moments["rain"]
    assert second.log_heat == pytest.approx(before[world.moments["kiss"]] + math.log2(0.1))
