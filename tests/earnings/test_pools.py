"""A pool is divided once, to the last cent, over what people really watched; a killed run is finished by the next."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from groundswell.earnings import eligible_views, pools, statements
from groundswell.earnings.ledger import posting_id
from groundswell.earnings.rules import RULES_BY_ANY_VERDICT
from groundswell.earnings.tables import LedgerAccount, Pool, PostingRow, Statement, StatementLine
from groundswell.events.event import Event
from groundswell.events.log.event_log import record
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.ids import uuid7
from groundswell.trust.decisions import decide
from tests.programs import begin

from .world import World, build, closed_month, early_this_month, in_month, month_before, prove_books, this_month


@pytest.fixture
async def world(database: Database) -> World:
    world = await build(database)
    for subject in ("noor", "kofi"):
        await world.creator(subject)
    await world.moment("noor", "kiss")
    await world.moment("noor", "chase")
    await world.moment("kofi", "rain")
    await world.moment("ada", "not a creator's")
    return world


async def funded(world: World, amount: int = 10_000, period: str | None = None, currency: str = "EUR") -> UUID:
    async with world.database.transaction() as session:
        pool = await pools.fund(
            session,
            period=period or this_month(),
            basis="plays",
            amount_minor=amount,
            currency=currency,
            created_by="fay",
        )
        return pool.id


async def amounts(world: World, pool_id: UUID) -> dict[str, int]:
    """Each creator's amount of a pool; proves on the way that lines add up and the books balance."""
    async with world.database.transaction() as session:
        rows = (await session.scalars(select(Statement).filter_by(pool_id=pool_id))).all()
        for row in rows:
            lines = select(func.sum(StatementLine.amount_minor)).filter_by(statement_id=row.id)
            assert await session.scalar(lines) == row.amount_minor
        await prove_books(session)
    names = {id: subject for subject, id in world.creators.items()}
    return {names[row.creator_id]: row.amount_minor for row in rows}


async def test_a_pool_is_divided_over_plays(world: World) -> None:
    await world.happen("kiss", "play", "v1", "v2", "v3")
    await world.happen("chase", "play", "v1")
    await world.happen("rain", "play", "v1", "v2", "v3")
    pool_id = await funded(world)
    await pools.run(world.database, pool_id)
    assert await amounts(world, pool_id) == {"noor": 5714, "kofi": 4286}
    async with world.database.transaction() as session:
        pool = await session.get_one(Pool, pool_id)
        assert (pool.status, pool.weight) == ("divided", 7)
        assert (await statements.shown_pool(session, pool)).left_minor == 0
        posted = set(await session.scalars(select(PostingRow.id)))
    shares = {posting_id("pool", pool_id, "creator", world.creators[name]) for name in ("noor", "kofi")}
    assert posted == {posting_id("pool", pool_id, "funded"), *shares}, "by which a run of any release knows them"


async def test_what_is_not_an_eligible_view_earns_nothing(world: World) -> None:
    await world.happen("kiss", "play", "v1", "v1", "v1")
    await world.happen("kiss", "play", "robot", verdict="robot")
    await world.happen("kiss", "click", "v9")
    await world.happen("kiss", "play", "herself", viewer=world.viewers["noor"])
    await world.happen("kiss", "play", "v2", at=early_this_month() - timedelta(days=40))
    await world.happen("not a creator's", "play", "v3")
    await world.happen("chase", "play", "v4", "v5")
    await world.happen("rain", "play", "v1")
    async with world.database.transaction() as session:
        await decide(
            session,
            kind="moment",
            subject_id=world.moments["chase"],
            action="hide",
            reason_code="copyright",
            explanation="Taken down.",
            decided_by="tess",
        )
    pool_id = await funded(world)
    await pools.run(world.database, pool_id)
    assert await amounts(world, pool_id) == {"noor": 5000, "kofi": 5000}


async def test_a_pool_counts_by_the_verdict_that_stands(world: World) -> None:
    ring, person = await world.happen("kiss", "play", "v1", "v2")
    (acquitted,) = await world.happen("rain", "play", "v3", verdict="robot")
    await world.judge(ring, "robot", "behaviour-1")
    await world.judge(acquitted, "human", "9")
    pool_id = await funded(world)
    await pools.run(world.database, pool_id)
    assert await amounts(world, pool_id) == {"noor": 5000, "kofi": 5000}
    async with world.database.transaction() as session:
        pool = await session.get_one(Pool, pool_id)
        (view,) = await eligible_views.views(session, pool, world.creators["noor"], None, None, 10)
    assert view.id == person


async def test_a_view_is_paid_once_however_often_it_is_judged(world: World) -> None:
    """Judged anew: what was paid is not paid again, what was kept back is, and old sums can be repeated."""
    at = in_month(month_before(3))
    (paid,) = await world.happen("kiss", "play", "v1", at=at)
    (kept_back,) = await world.happen("rain", "play", "v2", verdict="robot", at=at)
    first = await funded(world, period=month_before(3))
    await pools.run(world.database, first)
    assert await amounts(world, first) == {"noor": 10_000}
    await world.judge(paid, "robot", "1")
    await world.judge(kept_back, "human", "1")
    second = await funded(world, period=month_before(2))
    await pools.run(world.database, second)
    assert await amounts(world, second) == {"kofi": 10_000}
    await world.judge(paid, "human", "2")
    await world.happen("kiss", "play", "v3", at=in_month(month_before(1)))
    third = await funded(world, period=month_before(1))
    await pools.run(world.database, third)
    assert await amounts(world, third) == {"noor": 10_000}
    async with world.database.transaction() as session:
        for pool_id in (first, second, third):
            pool = await session.get_one(Pool, pool_id)
            counted = await eligible_views.weights(session, pool)
            assert sum(sum(moments.values()) for moments in counted.values()) == pool.weight == 1


async def test_what_a_verdict_kept_back_is_paid_by_the_next_pool_when_it_is_taken_back(world: World) -> None:
    """A person's play, judged no person's before its month was divided and a person's after: once it was never paid."""
    at = in_month(month_before(3))
    (accused,) = await world.happen("kiss", "play", "v1", at=at)
    await world.happen("rain", "play", "v2", at=at)
    await world.judge(accused, "robot", "1")
    first = await funded(world, period=month_before(3))
    await pools.run(world.database, first)
    assert await amounts(world, first) == {"kofi": 10_000}
    await world.judge(accused, "human", "2")
    second = await funded(world, period=month_before(2))
    await pools.run(world.database, second)
    assert await amounts(world, second) == {"noor": 10_000}
    await world.judge(accused, "robot", "3")
    await world.happen("rain", "play", "v3", at=in_month(month_before(1)))
    third = await funded(world, period=month_before(1))
    await pools.run(world.database, third)
    await world.judge(accused, "human", "4")
    fourth = await funded(world)
    await pools.run(world.database, fourth)
    assert (await amounts(world, third), await amounts(world, fourth)) == ({"kofi": 10_000}, {}), "and never twice"
    async with world.database.transaction() as session:
        for pool_id, weight in ((first, 1), (second, 1), (third, 1)):
            pool = await session.get_one(Pool, pool_id)
            counted = await eligible_views.weights(session, pool)
            assert sum(sum(moments.values()) for moments in counted.values()) == pool.weight == weight


async def test_a_pool_of_the_older_rules_is_counted_again_by_them(world: World) -> None:
    at = in_month(month_before(2))
    (accused,) = await world.happen("kiss", "play", "v1", at=at)
    await world.happen("rain", "play", "v2", at=at)
    await world.judge(accused, "robot", "1")
    first = await funded(world, period=month_before(2))
    await pools.run(world.database, first)
    await world.judge(accused, "human", "2")
    await world.happen("rain", "play", "v3", at=in_month(month_before(1)))
    second = await funded(world, period=month_before(1))
    await pools.run(world.database, second)
    async with world.database.transaction() as session:
        pool = await session.get_one(Pool, second)
        seen = [sum(sum(each.values()) for each in (await eligible_views.weights(session, pool)).values())]
        pool.rules = RULES_BY_ANY_VERDICT
        seen.append(sum(sum(each.values()) for each in (await eligible_views.weights(session, pool)).values()))
        await session.rollback()
    assert seen == [2, 1]


async def test_a_visitor_without_a_hash_counts_by_account_and_each_day_counts_anew(world: World) -> None:
    begin = early_this_month()
    last_month = begin.replace(day=1) - timedelta(days=3)
    period = f"{last_month:%Y-%m}"
    ada = world.viewers["ada"]
    for days in (0, 0, 1):  # the third play of each round says nothing of how long was watched
        at = last_month.replace(hour=12) + timedelta(days=days)
        async with world.database.transaction() as session:
            moment = world.moments["kiss"]
            watched = {"watched_ms": 9_000}
            await record(
                session,
                Event(kind="play", at=at, moment_id=moment, viewer_id=ada, verdict="human", inputs=watched),
                Event(
                    kind="play", at=at, moment_id=moment, verdict="human", inputs=watched
                ),  # who asks not to be known
                Event(kind="play", at=at + timedelta(days=1), moment_id=moment, viewer_id=ada, verdict="human"),
            )
    pool_id = await funded(world, period=period)
    await pools.run(world.database, pool_id)
    async with world.database.transaction() as session:
        assert (await session.get_one(Pool, pool_id)).weight == 2


async def test_every_line_opens_into_what_was_counted(world: World) -> None:
    first = await world.happen("kiss", "play", "v1", "v2")
    await world.happen("chase", "play", "v1")
    await world.happen("rain", "play", "v1")
    pool_id = await funded(world)
    await pools.run(world.database, pool_id)
    await world.happen("kiss", "play", "late")
    statement = pools.posting_id("pool", pool_id, "creator", world.creators["noor"])
    async with world.database.transaction() as session:
        shown = await statements.detail(session, statement)
        assert [(line.caption, line.weight, line.amount_minor) for line in shown.lines] == [
            ("kiss", 2, 5000),
            ("chase", 1, 2500),
        ]
        found = await statements.evidence(session, statement, moment_id=world.moments["kiss"], after=None, limit=100)
        assert {each.id for each in found} == set(first), "what came after the count is not in it"
        pages = [
            await statements.evidence(session, statement, moment_id=None, after=last, limit=1)
            for last in (None, min(first))
        ]
        assert pages[0][0].id < pages[1][0].id


async def test_what_arrives_late_is_the_next_months_on_a_line_of_its_own(world: World) -> None:
    before, after = month_before(2), month_before(1)
    await world.happen("kiss", "play", "v1", at=in_month(before))
    await world.happen("rain", "play", "v1", at=in_month(before))
    first = await funded(world, period=before)
    await pools.run(world.database, first)
    await world.happen("rain", "play", "v1", "v2", at=in_month(before))  # v1 was counted; v2 is new
    await world.happen("rain", "play", "v1", "v2", at=in_month(after))
    await world.happen("kiss", "play", "v1", at=in_month(after))
    second = await funded(world, period=after)
    await pools.run(world.database, second)
    assert await amounts(world, first) == {"noor": 5000, "kofi": 5000}
    assert await amounts(world, second) == {"noor": 2500, "kofi": 7500}
    statement = pools.posting_id("pool", second, "creator", world.creators["kofi"])
    async with world.database.transaction() as session:
        lines = (await statements.detail(session, statement)).lines
        of_late: dict[str, Any] = {"moment_id": world.moments["rain"], "after": None, "limit": 10, "period": before}
        (late,) = await statements.evidence(session, statement, **of_late)
    assert [(line.period, line.weight, line.amount_minor) for line in lines] == [(after, 2, 5000), (before, 1, 2500)]
    assert late.at == in_month(before)
    third = await funded(world, period=this_month())
    await pools.run(world.database, third)
    assert await amounts(world, third) == {}, "nothing is late twice"
    dollars = await funded(world, currency="USD", period=before)
    await pools.run(world.database, dollars)
    assert await amounts(world, dollars) == {"noor": 3333, "kofi": 6667}, "another currency is another stream"


async def test_an_event_that_commits_late_is_counted_by_the_next_pool(world: World) -> None:
    before, after = month_before(2), month_before(1)
    await world.happen("rain", "play", "v1", at=in_month(before))
    first, second = await funded(world, period=before), await funded(world, period=after)

    async with world.database.sessions() as slow:
        await record(
            slow,
            Event(
                kind="play",
                at=in_month(before),
                moment_id=world.moments["kiss"],
                visitor="slow",
                verdict="human",
                inputs={"watched_ms": 9_000},
            ),
        )
        await pools.run(world.database, first)
        await slow.commit()
    await pools.run(world.database, second)
    assert await amounts(world, first) == {"kofi": 10_000}
    assert await amounts(world, second) == {"noor": 10_000}


async def test_months_before_a_streams_first_pool_are_nobodys_late_items(world: World) -> None:
    await world.happen("rain", "play", "v1", at=in_month(month_before(3)))
    await world.happen("kiss", "play", "v1", at=in_month(month_before(1)))
    only = await funded(world, period=month_before(1))
    await pools.run(world.database, only)
    assert await amounts(world, only) == {"noor": 10_000}


async def test_a_month_has_one_pool_of_a_kind_and_currency(world: World) -> None:
    first = await funded(world)
    with pytest.raises(pools.PoolExists) as caught:
        await funded(world, amount=1)
    assert caught.value.members == {"pool": str(first)}
    outcomes = await asyncio.gather(*(funded(world, currency="USD") for _ in range(4)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in outcomes) == ["PoolExists"] * 3 + ["UUID"]


async def test_a_pool_without_views_keeps_its_money_and_can_be_run_again(world: World) -> None:
    pool_id = await funded(world)
    await pools.run(world.database, pool_id)
    async with world.database.transaction() as session:
        pool = await session.get_one(Pool, pool_id)
        assert pool.status == "nothing_eligible"
        assert (await statements.shown_pool(session, pool)).left_minor == 10_000
    await world.happen("kiss", "play", "v1")
    await pools.run(world.database, pool_id)
    assert await amounts(world, pool_id) == {"noor": 10_000}


async def test_a_cent_over_many_creators(world: World) -> None:
    await world.happen("kiss", "play", "v1", "v2")
    await world.happen("rain", "play", "v1")
    pool_id = await funded(world, amount=1)
    await pools.run(world.database, pool_id)
    assert await amounts(world, pool_id) == {"noor": 1, "kofi": 0}
    async with world.database.transaction() as session:
        nothing = pools.posting_id("pool", pool_id, "creator", world.creators["kofi"])
        assert (await statements.detail(session, nothing)).posting_id is None


async def test_many_runs_at_once_divide_once(world: World) -> None:
    await world.happen("kiss", "play", *(f"v{n}" for n in range(9)))
    await world.happen("rain", "play", "v1", "v2")
    id = await funded(world)
    await asyncio.gather(*(pools.run(world.database, id, batch=1) for _ in range(6)))
    assert await amounts(world, id) == {"noor": 8182, "kofi": 1818}


async def test_the_same_pool_is_funded_once(world: World) -> None:
    id = uuid4()
    asked = {"period": this_month(), "basis": "plays", "amount_minor": 700, "currency": "EUR", "created_by": "fay"}
    for _ in range(2):
        async with world.database.transaction() as session:
            await pools.fund(session, **asked, id=id)
    async with world.database.transaction() as session:
        assert (await statements.shown_pool(session, await session.get_one(Pool, id))).left_minor == 700
        with pytest.raises(pools.PoolConflict):
            await pools.fund(session, **asked | {"amount_minor": 701}, id=id)


RUN = """
import asyncio, sys
from uuid import UUID
from groundswell.earnings import pools
from groundswell.platform.database import Database
from groundswell.web import features

features.load("tables")

async def main():
    database = Database(sys.argv[1])
    await pools.run(database, UUID(sys.argv[2]), batch=1)

asyncio.run(main())
"""


@pytest.mark.slow
async def test_a_run_that_is_killed_is_finished_by_the_next(world: World, database_url: str) -> None:
    """SIGKILL at some point between the first and the last posting, three times over; then a run to the end."""
    for n in range(40):
        await world.creator(f"c{n}")
        await world.moment(f"c{n}", f"m{n}")
        await world.happen(f"m{n}", "play", *(f"v{k}" for k in range(n % 7 + 1)))
    pool_id = await funded(world, amount=123_457)
    seen = 0
    for _ in range(3):
        process = begin(RUN, database_url, str(pool_id))
        while process.poll() is None and await shares(world) < seen + 3:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        process.kill()
        await asyncio.to_thread(process.wait)
        seen = await shares(world)
    assert 9 <= seen < 40, "it was killed in the middle"
    await world.happen("rain", "play", "after the count")
    await asyncio.gather(pools.run(world.database, pool_id, batch=7), pools.run(world.database, pool_id, batch=5))
    divided = await amounts(world, pool_id)
    assert sum(divided.values()) == 123_457
    assert len(divided) == 40
    assert await shares(world) == 40
    async with world.database.transaction() as session:
        owed = select(func.sum(LedgerAccount.credits_minor - LedgerAccount.debits_minor)).filter_by(kind="creator")
        assert await session.scalar(owed) == 123_457


async def shares(world: World) -> int:
    async with world.database.transaction() as session:
        query = select(func.count()).select_from(PostingRow).where(PostingRow.reason == "pool_share")
        return await session.scalar(query) or 0


async def test_a_month_is_divided_after_its_end(world: World) -> None:
    following = (utc_now().replace(day=28) + timedelta(days=5)).strftime("%Y-%m")
    to_come, under_way, over = [await funded(world, period=each) for each in (following, this_month(), closed_month())]
    async with world.database.transaction() as session:
        with pytest.raises(pools.PoolNotBegun):
            await pools.check_runnable(session, to_come, "fay")
        with pytest.raises(pools.PoolNotEnded):
            await pools.check_runnable(session, under_way, "fay")
        with pytest.raises(pools.NotFound):
            await pools.check_runnable(session, uuid7(), "fay")
        assert (await pools.check_runnable(session, over, "fay")).run_by == "fay"
    for period in ("2026-13", "1066-10", "9999-01", "20-1"):
        with pytest.raises(pools.MonthInvalid):
            await funded(world, period=period)
