"""What is covered of a title is kept as the union of all spans, in as many rows as it has pieces."""

import random

import pytest
from sqlalchemy import func, select

from groundswell.moments.spans import cover, cover_anew, covered, live_counts, live_moments, live_spans
from groundswell.moments.tables import ClippedSpan, CoveredRange, Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.trust.intervals import IntervalUnion
from tests.earnings.world import World, build

S = 1_000_000


@pytest.fixture
async def world(database: Database) -> World:
    return await build(database)


def drawn(seed: int, count: int) -> list[tuple[int, int]]:
    draw = random.Random(seed)
    starts = [draw.randrange(500) for _ in range(count)]
    return [(start * S, (start + draw.randint(1, 12)) * S) for start in starts]


@pytest.mark.parametrize("seed", range(5))
async def test_it_is_their_union(world: World, seed: int) -> None:
    spans, windows = drawn(seed, 60), drawn(seed + 100, 10)
    async with world.database.transaction() as session:
        for n, (start, end) in enumerate(spans):
            await cover(session, world.title, "clip", start, end)
            union = IntervalUnion(spans[: n + 1])
            assert sorted(await covered(session, world.title, "clip")) == union.spans
        for start, end in windows:
            await cover(session, world.title, "window", start, end)
        assert IntervalUnion(await covered(session, world.title, "clip", "window")).spans == (
            IntervalUnion([*spans, *windows]).spans
        )


async def test_counting_it_anew_finds_the_same(world: World) -> None:
    moment = await world.moment("noor", "any")
    spans = drawn(7, 80)
    async with world.database.transaction() as session:
        of = {"moment_id": moment, "viewer_id": world.viewers["noor"], "title_id": world.title}
        for start, end in set(spans):
            session.add(ClippedSpan(start_us=start, end_us=end, **of))
            await cover(session, world.title, "clip", start, end)
        await session.flush()
        before = sorted(await covered(session, world.title, "clip"))
        await cover_anew(session, [world.title])
        assert sorted(await covered(session, world.title, "clip")) == before == IntervalUnion(spans).spans


async def test_a_title_clipped_everywhere_is_one_row(world: World) -> None:
    async with world.database.transaction() as session:
        for start in range(0, 600, 5):
            await cover(session, world.title, "clip", start * S, (start + 5) * S)
        assert await session.scalar(select(func.count()).select_from(CoveredRange)) == 1


async def test_live_moments_are_read_page_by_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("groundswell.moments.spans.PAGE", 4)
    spans = drawn(3, 15)
    for n, (start, end) in enumerate(spans):
        await world.moment("noor", f"m{n}", start, end)
    async with world.database.transaction() as session:
        gone = await session.get_one(Moment, world.moments["m0"])
        gone.deleted_at = utc_now()
        await session.flush()
        found = [(each.start_us, each.end_us) async for each in live_moments(session, [world.title])]
        assert found == sorted(found, key=lambda span: span[0])
        assert sorted(found) == sorted(spans[1:])
        assert await live_counts(session, [world.title]) == {world.title: 14}
        assert (await live_spans(session, [world.title]))[world.title] == IntervalUnion(spans[1:]).spans
