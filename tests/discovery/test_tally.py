"""Heat adds up: whatever was logged and judged in whatever order, a day's row is what counting the log comes to."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, text

from groundswell.discovery import heat
from groundswell.discovery.person_weight import FRESH
from groundswell.discovery.tables import HeatDay, HeatMark, HeatVote, StaleMoment
from groundswell.discovery.tally import WINDOW_DAYS, forget_votes, tally
from groundswell.events.event import Event
from groundswell.events.log.event_log import record
from groundswell.events.tables import JudgedEvent
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from tests.earnings.world import World, build


@pytest.fixture
async def world(database: Database) -> World:
    world = await build(database)
    await world.moment("noor", "kiss")
    await world.moment("kofi", "rain")
    return world


async def tallied(world: World) -> dict[UUID, UUID]:
    """Count what is new; the moments that it marks, with their titles."""
    async with world.database.transaction() as session:
        await tally(session)
        marked = await session.execute(delete(StaleMoment).returning(StaleMoment.moment_id, StaleMoment.title_id))
        return {moment_id: title_id for moment_id, title_id in marked}  # noqa: C416 - rows are no pairs


async def rows(world: World) -> dict[tuple[UUID, Any], tuple[int, ...]]:
    async with world.database.transaction() as session:
        found = (await session.scalars(select(HeatDay))).all()
        return {(r.moment_id, r.day): (r.votes, r.clicks, r.plays, r.heat_units) for r in found}


async def by_hand(world: World) -> dict[tuple[UUID, Any], tuple[int, int, int, float]]:
    """The rows, counted from the log: votes, clicks, plays, and heat as logarithms."""
    makers = {world.moments["kiss"]: world.viewers["noor"], world.moments["rain"]: world.viewers["kofi"]}
    firsts: dict[Any, datetime] = {}
    async with world.database.transaction() as session:
        for e in await session.scalars(select(JudgedEvent).where(JudgedEvent.kind.in_(heat.WEIGHTS))):
            sent = e.kind in ("clip", "share")
            if not (e.verdict == "human" or (e.verdict is None and sent)) or e.moment_id is None:
                continue
            if not sent and e.viewer_id == makers[e.moment_id]:
                continue
            at = e.at.astimezone(UTC)
            key = (e.moment_id, at.date(), e.kind, str(e.viewer_id or e.visitor or e.id))
            firsts[key] = min(firsts.get(key, at), at)
    days = defaultdict(list)
    for (moment, day, kind, _), at in firsts.items():
        days[moment, day].append((kind, at.timestamp()))
    return {
        key: (
            len(votes),
            sum(kind == "click" for kind, _ in votes),
            sum(kind == "play" for kind, _ in votes),
            heat.total([(FRESH * heat.WEIGHTS[kind], at) for kind, at in votes]),
        )
        for key, votes in days.items()
    }


async def assert_same(world: World) -> None:
    async with world.database.transaction() as session:
        found = (await session.scalars(select(HeatDay))).all()
    counted = {(r.moment_id, r.day): (r.votes, r.clicks, r.plays) for r in found}
    logs = {(r.moment_id, r.day): (r.log_heat,) for r in found}
    expected = await by_hand(world)
    assert counted == {key: row[:3] for key, row in expected.items()}
    for key, row in expected.items():
        assert logs[key] == pytest.approx(row[3:], abs=1e-6)


KINDS = st.sampled_from(["click", "continue", "play", "share", "clip", "unfurl"])
EVENTS = st.tuples(
    st.sampled_from(["kiss", "rain"]),
    KINDS,
    st.sampled_from(["v1", "v2", None]),
    st.sampled_from([None, "noor", "kofi", "eve"]),
    st.integers(0, 3 * 24 * 60),
    st.sampled_from(["human", "robot", None]),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("log"), EVENTS),
        st.tuples(st.just("judge"), st.tuples(st.integers(0, 30), st.sampled_from(["human", "robot"]))),
        st.tuples(st.just("count"), st.none()),
    ),
    min_size=1,
    max_size=25,
)


@pytest.mark.slow
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(steps=STEPS)
async def test_it_comes_to_what_counting_the_log_comes_to(world: World, steps: list[Any]) -> None:
    """In any order of events and verdicts, counted in between or not, and counted twice."""
    await world.viewer("eve")
    logged: list[UUID] = []
    for number, (step, what) in enumerate(steps):
        if step == "count":
            await tallied(world)
        elif step == "judge":
            if logged:
                await world.judge(logged[what[0] % len(logged)], what[1], f"rule-{len(logged)}-{number}")
        else:
            name, kind, visitor, viewer, minutes, verdict = what
            event = Event(
                kind=kind,
                at=utc_now() - timedelta(minutes=minutes),
                moment_id=world.moments[name],
                visitor=visitor,
                viewer_id=world.viewers[viewer] if viewer else None,
                verdict=verdict,
            )
            async with world.database.transaction() as session:
                await record(session, event)
            logged.append(event.id)
    await tallied(world)
    await assert_same(world)
    before = await rows(world)
    async with world.database.transaction() as session:
        await session.execute(delete(HeatMark))
    await tallied(world)
    assert await rows(world) == before, "what is read twice counts once"
    async with world.database.transaction() as session:
        for table in (HeatMark, HeatVote, HeatDay):
            await session.execute(delete(table))
    await tallied(world)
    assert await rows(world) == before, "exactly what counting from scratch comes to"


async def test_a_verdict_takes_the_vote_out_and_the_next_visit_of_the_same_person_counts(world: World) -> None:
    now = utc_now().replace(hour=12)
    (first,) = await world.happen("kiss", "play", "v1", at=now - timedelta(days=2, hours=3))
    await world.happen("kiss", "play", "v1", at=now - timedelta(days=2))
    assert await tallied(world) == {world.moments["kiss"]: world.title}
    before = await rows(world)
    await world.judge(first, "robot", "behaviour-1")
    await tallied(world)
    await assert_same(world)
    ((votes, _, plays, units),) = (await rows(world)).values()
    assert (votes, plays) == (1, 1)
    assert units > next(iter(before.values()))[3], "the later visit is hotter"
    await world.judge(first, "human", "9")
    await tallied(world)
    assert await rows(world) == before


async def test_what_one_refresh_reads_does_not_grow_with_what_is_counted(world: World) -> None:
    """Rows of the log and of votes touched by a refresh with two news, after 20 votes and after 2,000."""

    async def touched() -> int:
        async with world.database.transaction() as session:
            await world_news(session)
        before = await _read(world)
        await tallied(world)
        return await _read(world) - before

    async def world_news(session: Any) -> None:
        for name in ("kiss", "rain"):
            await record(
                session,
                Event(kind="click", at=utc_now(), moment_id=world.moments[name], visitor="news", verdict="human"),
            )

    await world.happen("kiss", "click", *(f"a{n}" for n in range(20)), at=utc_now())
    await tallied(world)
    few = await touched()
    await world.happen("kiss", "click", *(f"b{n}" for n in range(2_000)), at=utc_now())
    await tallied(world)
    async with await world.database.connect(autocommit=True) as connection:
        await connection.execute("ANALYZE")
    many = await touched()
    assert many <= few + 50


async def _read(world: World) -> int:
    """Rows that scans have returned from the event log and the votes."""
    query = text(
        "SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::bigint FROM pg_stat_user_tables "
        "WHERE relname LIKE 'events%' OR relname IN ('heat_votes', 'heat_days', 'verdicts')"
    )
    async with world.database.transaction() as session:  # the pool has one connection so far: it did the work
        await session.execute(text("SELECT pg_stat_force_next_flush()"))
    async with world.database.transaction() as session:
        return int(await session.scalar(query) or 0)


async def test_single_votes_are_let_go_when_their_day_does_not_count_any_more(world: World) -> None:
    today = utc_now().date()
    async with world.database.transaction() as session:
        for age in (0, WINDOW_DAYS, WINDOW_DAYS + 2):
            day, at = today - timedelta(days=age), utc_now() - timedelta(days=age)
            row = {"moment_id": world.moments["kiss"], "kind": "click", "voter": 1, "event_id": world.title}
            row |= {"weight": 1.0, "ballot": 1}
            session.add(HeatVote(day=day, at=at, **row))
    async with world.database.transaction() as session:
        await forget_votes(session, today)
        assert await session.scalar(select(func.count()).select_from(HeatVote)) == 2
