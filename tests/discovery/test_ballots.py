"""A scene's votes: one a person, kind and day whatever number of clips; added up, and equal to counting all anew."""

import math
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text, update

from groundswell.discovery import heat
from groundswell.discovery.ballots import PAGE, TAKE, TEMPORARY, UNIT
from groundswell.discovery.person_weight import ESTABLISHED, FRESH, SLOTS, WATCHING
from groundswell.discovery.rate import HALF_LIVES_S
from groundswell.discovery.refresh import refresh
from groundswell.discovery.tables import HeatMark, HeatVote, SceneBallot, SceneDay, SceneRow, SceneVote
from groundswell.discovery.title_refresh import gather, mark_title
from groundswell.events.event import Event
from groundswell.events.log.event_log import record
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.trust.decisions import active_among, decide
from tests.earnings.world import World, build

S = 1_000_000
PEOPLE = ("noor", "kofi", "ada", "eve")


@pytest.fixture
async def world(database: Database) -> World:
    world = await build(database)
    await world.moment("noor", "kiss", 10 * S, 20 * S)
    await world.moment("kofi", "same kiss", 11 * S, 21 * S)
    await world.moment("ada", "rain", 60 * S, 70 * S)
    for name in ("noor", "ada"):
        await world.established(name)
    return world


async def refreshed(world: World) -> None:
    async with world.database.transaction() as session:
        await refresh(session)


async def days(world: World) -> dict[tuple[UUID, Any], tuple[int, Decimal, Decimal, Decimal]]:
    async with world.database.transaction() as session:
        rows = (await session.scalars(select(SceneDay))).all()
    return {(row.scene_id, row.day): (row.votes, row.quick_units, row.middle_units, row.slow_units) for row in rows}


async def by_hand(world: World) -> dict[tuple[UUID, Any], tuple[int, float]]:
    """Ballots and their slow sum at the day's beginning, from all votes that were noted."""
    async with world.database.transaction() as session:
        votes = (await session.scalars(select(HeatVote))).all()
        scenes = {row.moment_id: row for row in await session.scalars(select(SceneVote))}
    firsts: dict[Any, HeatVote] = {}
    for vote in sorted(votes, key=lambda vote: (vote.at, vote.event_id)):
        if vote.moment_id in scenes:
            firsts.setdefault((scenes[vote.moment_id].scene_id, vote.day, vote.kind, vote.ballot), vote)
    sums: dict[tuple[UUID, Any], list[float]] = defaultdict(list)
    for (scene, day, kind, _), vote in firsts.items():
        since = (vote.at - datetime(day.year, day.month, day.day, tzinfo=UTC)).total_seconds()
        weight = heat.WEIGHTS[kind] * vote.weight * scenes[vote.moment_id].factor
        sums[scene, day].append(weight * 2 ** (since / HALF_LIVES_S[-1]))
    return {key: (len(values), math.fsum(values)) for key, values in sums.items()}


async def assert_same(world: World) -> None:
    found, expected = await days(world), await by_hand(world)
    assert {key: row[0] for key, row in found.items()} == {key: row[0] for key, row in expected.items()}
    for key, (_, slow) in expected.items():
        assert float(found[key][3]) * UNIT == pytest.approx(slow, rel=1e-6)


EVENTS = st.tuples(
    st.sampled_from(["kiss", "same kiss", "rain"]),
    st.sampled_from(["click", "play", "share", "clip"]),
    st.sampled_from(["v1", "v2", "v3", None]),
    st.sampled_from([None, None, *PEOPLE]),
    st.sampled_from([None, "net 1", "net 2"]),
    st.integers(0, 3 * 24 * 60),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("log"), EVENTS),
        st.tuples(st.just("log"), EVENTS),
        st.tuples(st.just("judge"), st.tuples(st.integers(0, 30), st.sampled_from(["human", "robot"]))),
        st.tuples(st.just("show"), st.tuples(st.sampled_from(["kiss", "same kiss"]), st.booleans())),
        st.tuples(st.just("demote"), st.sampled_from(["kiss", "rain"])),
        st.tuples(st.just("trim"), st.tuples(st.sampled_from(["same kiss", "rain"]), st.sampled_from([11, 16, 60]))),
        st.tuples(st.just("count"), st.none()),
        st.tuples(st.just("anew"), st.none()),
    ),
    min_size=1,
    max_size=25,
)


@pytest.mark.slow
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(steps=STEPS)
async def test_they_come_to_what_counting_all_votes_comes_to(world: World, steps: list[Any]) -> None:
    for name in PEOPLE:
        await world.viewer(name)
    logged: list[UUID] = []
    for number, (step, what) in enumerate(steps):
        if step == "log":
            logged.append(await happened(world, *what))
        elif step == "judge" and logged:
            await world.judge(logged[what[0] % len(logged)], what[1], f"rule-{len(logged)}-{number}")
        elif step == "count":
            await refreshed(world)
        else:
            await changed(world, step, what)
    await refreshed(world)
    await assert_same(world)
    before = await days(world)
    async with world.database.transaction() as session:
        await session.execute(delete(HeatMark))
    await refreshed(world)
    assert await days(world) == before, "what is read twice counts once"
    await forget(world)
    await refreshed(world)
    assert await days(world) == before, "exactly what counting from scratch comes to"


async def happened(
    world: World, name: str, kind: Any, visitor: str | None, viewer: str | None, network: str | None, minutes: int
) -> UUID:
    event = Event(
        kind=kind,
        at=utc_now() - timedelta(minutes=minutes),
        moment_id=world.moments[name],
        visitor=visitor,
        viewer_id=world.viewers[viewer] if viewer else None,
        verdict="human",
        inputs={"network": network} if network else None,
    )
    async with world.database.transaction() as session:
        await record(session, event)
    return event.id


async def changed(world: World, step: str, what: Any) -> None:
    """Something other than a vote."""
    async with world.database.transaction() as session:
        if step == "show":
            name, public = what
            visibility = "public" if public else "unlisted"
            await session.execute(update(Moment).where(Moment.id == world.moments[name]).values(visibility=visibility))
        elif step == "trim":
            name, start = what
            span = {"start_us": start * S, "end_us": (start + 10) * S}
            await session.execute(update(Moment).where(Moment.id == world.moments[name]).values(span))
        elif step == "demote":
            subject, why = world.moments[what], {"reason_code": "x", "explanation": "Because.", "decided_by": "tess"}
            if not await active_among(session, "moment", [subject], ("demote",)):
                await decide(session, kind="moment", subject_id=subject, action="demote", **why)
        elif step == "anew":
            await mark_title(session, world.title)


async def forget(world: World) -> None:
    """All that was counted for scenes, and which votes were; ids stay with the moments."""
    async with world.database.transaction() as session:
        for table in (SceneBallot, SceneDay):
            await session.execute(delete(table))
        await session.execute(update(HeatVote).values(scene_id=None))
        await session.execute(
            text(
                "INSERT INTO stale_votes (title_id, moment_id, day, kind, voter, ballot)"
                " SELECT m.title_id, v.moment_id, v.day, v.kind, v.voter, v.ballot"
                " FROM heat_votes v JOIN moments m ON m.id = v.moment_id"
            )
        )
        while await gather(session, world.title):
            pass


async def weights(world: World) -> list[float]:
    async with world.database.transaction() as session:
        return sorted(await session.scalars(select(SceneBallot.weight)))


@pytest.mark.slow
async def test_one_person_has_one_vote_for_all_clips_of_a_scene(world: World) -> None:
    """Ninety clips of one scene, and one of another, by one account: two votes of a kind."""
    for number in range(90):
        await world.moment("noor", f"again {number}", (10 * S) + number, (20 * S) + number)
        await world.happen(f"again {number}", "clip", "", viewer=world.viewers["noor"], verdict=None)
    await world.moment("noor", "elsewhere", 300 * S, 310 * S)
    await world.happen("elsewhere", "clip", "", viewer=world.viewers["noor"], verdict=None)
    await refreshed(world)
    assert await weights(world) == [ESTABLISHED, ESTABLISHED]
    async with world.database.transaction() as session:
        scenes = (await session.scalars(select(SceneRow).order_by(SceneRow.moments))).all()
    assert [scene.moments for scene in scenes] == [1, 90]
    assert scenes[0].slow_log == pytest.approx(scenes[1].slow_log)


async def test_accounts_weigh_what_their_age_and_watching_say(world: World) -> None:
    ages = {"new": 0, "watcher": 2, "idle": 2, "old": 8}
    for name, age in ages.items():
        viewer = await world.viewer(name)
        async with world.database.transaction() as session:
            joined = utc_now() - timedelta(days=age)
            await session.execute(
                text("UPDATE viewers SET created_at = :at WHERE id = :id"), {"at": joined, "id": viewer}
            )
            if name == "watcher":
                await session.execute(
                    text("INSERT INTO progress (viewer_id, title_id, position_us) VALUES (:viewer, :title, 1)"),
                    {"viewer": viewer, "title": world.title},
                )
        await happened(world, "rain", "play", name, name, f"network of {name}", 0)
    await refreshed(world)
    assert await weights(world) == [FRESH, FRESH, WATCHING, ESTABLISHED]


async def test_a_network_has_so_many_ballots_whatever_it_shows(world: World) -> None:
    for number in range(100):
        await happened(world, "rain", "play", f"browser {number}", None, "one network", 0)
    await refreshed(world)
    found = await weights(world)
    assert 1 < len(found) <= SLOTS
    assert set(found) == {FRESH}


async def test_a_plan_made_when_few_were_marked_takes_a_page_of_many_in_one_pass(world: World) -> None:
    """A hundred thousand marks can come between two looks of the autovacuum, and a statement that was prepared before
    them keeps its plan."""
    marks = 40_000
    async with world.database.transaction() as session:
        title = await session.scalar(select(Moment.title_id).limit(1))
        await session.execute(TEMPORARY)
        await session.execute(text("ANALYZE stale_votes"))
        await session.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
        statement = str(TAKE).replace(":title", "$1").replace(":page", "$2")
        await session.execute(text(f"PREPARE take (uuid, bigint) AS {statement}"))
        await session.execute(text(f"EXPLAIN EXECUTE take ('{title}', {PAGE})"))  # the plan is made, and kept
        await session.execute(
            text(
                "INSERT INTO stale_votes (title_id, moment_id, day, kind, voter, ballot)"
                f" SELECT '{title}', gen_random_uuid(), now()::date, 'play', n, n FROM generate_series(1, {marks}) n"
            )
        )
        asked = text(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE take ('{title}', {PAGE})")
        ((plan,),) = (await session.scalars(asked)).all()
        assert await session.scalar(text("SELECT count(*) FROM taken_votes")) == PAGE
    assert visited(plan["Plan"]) < 10 * marks


def visited(node: dict[str, Any]) -> int:
    """The rows that a plan's nodes gave, or looked at and did not give."""
    rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Join Filter", 0)
    return int(rows * node["Actual Loops"]) + sum(visited(each) for each in node.get("Plans", []))
