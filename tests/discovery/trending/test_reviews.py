"""Scenes are looked at before they first trend; lists by country, genre, language and who one follows; alerts."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from groundswell.catalog.made import genres
from groundswell.catalog.tables import CatalogEntry
from groundswell.community.follows import choose_approval, follow
from groundswell.discovery.feed import EVERYTHING, Only, discover, featured
from groundswell.discovery.ranking import Gate
from groundswell.discovery.refresh import refresh
from groundswell.discovery.signals import AlertRaised
from groundswell.discovery.tables import HeatMark, SceneLocal, SceneLocalDay, SceneRow
from groundswell.discovery.trending import alerts, clusters, forecasts, reviews
from groundswell.discovery.trending.tables import SceneDecision, SceneStanding, TrendAlertHit
from groundswell.events.event import Event
from groundswell.events.log.event_log import record
from groundswell.moments.availability import VISITOR
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.settings import Settings
from tests.discovery.test_rings import people
from tests.earnings.world import World, build
from tests.support import hearing

S = 1_000_000
OPEN = Gate(0, 0)


@pytest.fixture
async def world(database: Database) -> World:
    world = await build(database)
    for number, name in enumerate(("kiss", "rain", "fall")):
        await world.moment(f"maker {number}", name, 60 * number * S, (60 * number + 10) * S)
    return world


async def votes(world: World, name: str, voters: list[UUID], territory: str | None, minutes: float = 30) -> None:
    events = [
        Event(
            kind="play",
            at=utc_now() - timedelta(minutes=minutes * (1 - number / len(voters))),
            moment_id=world.moments[name],
            title_id=world.title,
            visitor=f"of {viewer}",
            viewer_id=viewer,
            territory=territory,
            verdict="human",
            inputs={"network": f"{viewer.int % 7}"},
        )
        for number, viewer in enumerate(voters)
    ]
    async with world.database.transaction() as session:
        await record(session, *events)


def settings_of(**more: Any) -> Settings:
    return Settings(trending_people_min=0, trending_networks_min=0, **more)


async def listed(world: World, gate: Gate = OPEN, only: Only = EVERYTHING) -> list[str]:
    async with world.database.transaction() as session:
        return [each.best.caption for each in (await discover(session, gate=gate, only=only)).items]


async def scene_of(world: World, name: str) -> UUID:
    async with world.database.transaction() as session:
        found = await session.scalar(select(SceneRow.id).filter_by(best_moment_id=world.moments[name]))
        assert found is not None
        return found


async def test_a_scene_waits_is_decided_of_and_featured(world: World) -> None:
    crowd = await people(world, 6, age_days=30)
    for name, count in (("kiss", 6), ("rain", 5), ("fall", 4)):
        await votes(world, name, crowd[:count], None)
    hold, shut = settings_of(trending_hold="review", trending_hold_then="stay"), Gate(0, 0, review=True)
    async with world.database.transaction() as session:
        await refresh(session)
    assert await listed(world, shut) == [], "not yet looked at, even before anything noted that"
    async with world.database.transaction() as session:
        assert len(await reviews.note(session, hold, world.title)) == 3
        assert await reviews.note(session, hold, world.title) == []
        assert len(await reviews.waiting(session, 10)) == 3
        kiss, rain = await scene_of(world, "kiss"), await scene_of(world, "rain")
        made = await reviews.decide_scene(session, kiss, "release", "Well made.", "viewer:x")
        assert (made.action, made.reason, made.decided_by) == ("release", "Well made.", "viewer:x")
        with pytest.raises(reviews.SceneDecided):
            await reviews.decide_scene(session, kiss, "release", "Again.", "viewer:x")
        with pytest.raises(reviews.SceneUnknown):
            await reviews.decide_scene(session, world.title, "hold", "Nothing there.", "viewer:x")
        assert await reviews.run_clock(session, hold) == 0
        await session.execute(update(SceneStanding).filter_by(state="waiting").values(due_at=utc_now()))
        assert await reviews.run_clock(session, hold) == 2
        standings = {row.scene_id: row.state for row in await session.scalars(select(SceneStanding))}
        assert sorted(standings.values()) == ["held", "held", "released"]
        for action in ("feature", "unfeature", "feature"):
            await reviews.decide_scene(session, rain, action, "See.", "viewer:x")
    assert await listed(world, shut) == ["kiss", "rain"]
    assert await listed(world) == ["kiss", "rain"], "what is held is in no list, whatever is set"
    async with world.database.transaction() as session:
        above = await featured(session, VISITOR)
        assert [each.best.caption for each in above] == ["rain"]
        await reviews.decide_scene(session, rain, "hold", "No.", "viewer:x")
        assert await featured(session, VISITOR) == []
        told = await reviews.decisions_of(session, rain, 10)
        assert [each.action for each in told] == ["hold", "feature", "unfeature", "feature", "hold", "wait"]
        assert {each.decided_by for each in told} == {"rule", "viewer:x"}
        await reviews.decide_scene(session, rain, "release", "After all.", "viewer:x")
        assert all(row.reason for row in await session.scalars(select(SceneDecision)))


async def test_when_nobody_looks_scenes_are_released_and_what_waits_is_let_go(world: World) -> None:
    crowd = await people(world, 3, age_days=30)
    await votes(world, "kiss", crowd, None)
    async with world.database.transaction() as session:
        await refresh(session)
        await reviews.note(session, settings_of(trending_hold="review"), world.title)
        assert await reviews.run_clock(session, settings_of(trending_hold_then="stay")) == 1
        (row,) = await session.scalars(select(SceneStanding))
        assert (row.state, row.due_at) == ("released", None)
    await votes(world, "rain", crowd, None)
    async with world.database.transaction() as session:
        await refresh(session)
        await reviews.note(session, settings_of(), world.title)
        assert {row.state for row in await session.scalars(select(SceneStanding))} == {"released"}
    assert set(await listed(world, Gate(0, 0, review=True))) == {"kiss", "rain"}, "turned on, it takes nothing away"


@pytest.mark.slow
async def test_lists_by_country_genre_language_and_people(world: World) -> None:
    crowd = await people(world, 9, age_days=30)
    await votes(world, "kiss", crowd, "DE")
    await votes(world, "rain", crowd[:5], "DE")
    await votes(world, "rain", crowd[5:], "FR")
    await votes(world, "fall", crowd[:2], "FR")
    async with world.database.transaction() as session:
        await refresh(session)
    assert set((await listed(world))[:2]) == {"kiss", "rain"}
    assert await listed(world, only=Only(territory="FR")) == ["rain", "fall"]
    assert await listed(world, only=Only(territory="DE")) == ["kiss", "rain"]
    assert await listed(world, only=Only(territory="JP")) == []
    assert await listed(world, only=Only(territory="DE", words="kiss")) == ["kiss"]
    async with world.database.transaction() as session:
        entry = {"genres": ["Drama", "Sea"], "languages": ["de-AT"]}
        session.add(CatalogEntry(title_id=world.title, hash=b"x", entry=entry, given_by="key:x"))
        await session.flush()
        assert await genres(session) == ["Drama", "Sea"]
    assert len(await listed(world, only=Only(genre="sea", language="de"))) == 3
    assert await listed(world, only=Only(genre="Comedy")) == []
    assert await listed(world, only=Only(language="en", words="rain")) == []
    ada = await world.viewer("ada")
    async with world.database.transaction() as session:
        maker = world.viewers["maker 2"]
        await choose_approval(session, maker, False)
        await follow(session, ada, maker)
    from groundswell.accounts.providers import followed_by_viewer

    async with world.database.transaction() as session:
        followed = await followed_by_viewer(session, ada)
    assert await listed(world, only=Only(people=followed)) == ["fall"]
    assert await listed(world, only=Only(people=frozenset())) == []
    await _counted_anew(world)


async def _counted_anew(world: World) -> None:
    """Counters by country are what reading the log again comes to, and what is judged otherwise leaves them."""
    async with world.database.transaction() as session:
        before = {(row.scene_id, row.territory): row.slow_units for row in await session.scalars(select(SceneLocalDay))}
        lists = {(row.scene_id, row.territory): row.slow_log for row in await session.scalars(select(SceneLocal))}
        await session.execute(HeatMark.__table__.delete())
    async with world.database.transaction() as session:
        await refresh(session)
    async with world.database.transaction() as session:
        after = {(row.scene_id, row.territory): row.slow_units for row in await session.scalars(select(SceneLocalDay))}
        now = {(row.scene_id, row.territory): row.slow_log for row in await session.scalars(select(SceneLocal))}
    assert before == after
    assert lists == now
    assert len(lists) == 4


async def test_an_alert_is_raised_once_a_scene_and_bought_votes_are_shown(world: World) -> None:
    crowd = await people(world, 60, age_days=30)
    await votes(world, "kiss", crowd, None, minutes=120)
    await votes(world, "rain", await people(world, 40, age_days=0), None, minutes=5)
    async with world.database.transaction() as session:
        await refresh(session)
        alert = await alerts.make(session, 50, None, "viewer:x")
        await alerts.make(session, 10**6, world.title, "viewer:x")
    with hearing(AlertRaised) as heard:
        for _ in range(2):
            async with world.database.transaction() as session:
                made = await forecasts.keep(session, OPEN)
                await alerts.raise_due(session, made)
    (raised,) = heard
    assert raised.alert.id == alert.id
    assert raised.hit.scene_id == await scene_of(world, "kiss")
    assert raised.hit.low <= raised.hit.expected <= raised.hit.high
    async with world.database.transaction() as session:
        assert len(list(await session.scalars(select(TrendAlertHit)))) == 1
        await alerts.end(session, alert.id)
        assert len(await alerts.standing(session, 10)) == 1
        found = await clusters.find(session)
        assert [each.scene_id for each in found] == [await scene_of(world, "rain")]
        assert found[0].fresh >= 20
        assert found[0].established == 0
