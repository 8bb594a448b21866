"""The heatmap: each part of a title as hot as the moments over it."""

from collections.abc import Iterable
from itertools import accumulate

import pytest
from sqlalchemy import func, select, text

from groundswell.catalog.providers import TitleView
from groundswell.catalog.tables import Source, Title
from groundswell.discovery.heat_bins import bin_us, count_bins, note_moments, touched
from groundswell.discovery.heatmap import of_title, relative
from groundswell.discovery.tables import HeatBin, SceneVote
from groundswell.discovery.title_refresh import gather, mark_title
from groundswell.platform.database import Database
from groundswell.platform.settings import Settings
from tests.discovery.crowds import crowd
from tests.earnings.world import World, build

S = 1_000_000


def covered(votes: Iterable[tuple[float, float, float]], duration_us: int, width_us: int) -> list[float]:
    """The heat over each bin as a part of the hottest one's, by second differences."""
    count = -(-duration_us // width_us)
    slopes = [0.0] * (count + 2)
    for start_us, end_us, log in votes:
        for edge, sign in ((start_us, 1), (end_us, -1)):
            place = min(edge, duration_us) / width_us
            whole = int(place)
            slopes[whole] += sign * 2**log * (1 - (place - whole))
            slopes[whole + 1] += sign * 2**log * (place - whole)
    heats = [max(value, 0.0) for value in accumulate(slopes)][:count]
    return [round(value / max(heats), 4) for value in heats]


def test_a_bin_is_a_part_of_the_hottest() -> None:
    assert relative({0: 1000.0, 2: 1002.0}, S, S, 4) == [0.25, 0.0, 1.0, 0.0]
    assert relative({}, S, S, 2) == [0.0, 0.0]


def test_bins_of_another_length_are_looked_up_in_their_middle() -> None:
    assert relative({0: 0.0, 1: 1.0}, 10 * S, 5 * S, 4) == [0.5, 0.5, 1.0, 1.0]


def test_what_a_span_reaches_into() -> None:
    assert touched([(0, 10 * S), (25 * S, 30 * S), (90 * S, 120 * S)], 10 * S, 10) == [0, 2, 9]


@pytest.mark.parametrize("seconds", [1, 59, 60, 61, 7200, 36_000])
def test_there_are_at_most_120_bins(seconds: int) -> None:
    assert -(-seconds * S // bin_us(seconds * S)) <= 120


@pytest.fixture
async def world(database: Database) -> World:
    return await build(database)


async def bins_of(world: World) -> tuple[list[float], int]:
    async with world.database.transaction() as session:
        title = await session.get_one(Title, world.title)
        heatmap = await of_title(session, Settings(heatmap_people_min=0), title, TitleView())
    return heatmap.bins, heatmap.moments


@pytest.mark.slow
async def test_it_agrees_with_adding_up_the_votes(world: World) -> None:
    """Of some thousand moments, and again after a part of them changed."""
    await crowd(world, 1_500, seed=1)
    async with world.database.transaction() as session:
        await mark_title(session, world.title)
        assert not await gather(session, world.title)
    for _ in range(2):
        async with world.database.transaction() as session:
            columns = SceneVote.start_us, SceneVote.end_us, SceneVote.log_heat
            rows = [tuple(row) for row in await session.execute(select(*columns))]
            duration = await session.scalar(select(Source.duration_us)) or 0
        top = max(log for *_, log in rows)
        expected = covered([(start, end, log - top) for start, end, log in rows], duration, bin_us(duration))
        bins, moments = await bins_of(world)
        assert bins == pytest.approx(expected, abs=2e-4)
        assert moments == len(rows)
        async with world.database.transaction() as session:
            await session.execute(text("UPDATE moments SET visibility = 'private' WHERE start_us < 200000000"))
            while await gather(session, world.title):
                pass


@pytest.mark.slow
async def test_the_heatmap_of_a_title_of_seventy_thousand_moments_answers(world: World) -> None:
    """More than a statement has parameters, in bins that hold thousands."""
    await crowd(world, 70_000, seed=2)
    async with world.database.transaction() as session:
        await session.execute(
            text(
                """
                INSERT INTO scene_votes (moment_id, title_id, start_us, end_us, length_us, log_heat,
                    clicks, plays, public, first_id, factor, begun_at)
                SELECT m.id, m.title_id, m.start_us, m.end_us, m.end_us - m.start_us, h.log_heat,
                    0, 0, true, m.id, 1, m.created_at
                FROM moments m JOIN heat_days h ON h.moment_id = m.id
                """
            )
        )
        duration = await session.scalar(select(Source.duration_us)) or 0
        await count_bins(session, world.title, bin_us(duration), list(range(120)))
        await note_moments(session, world.title, bin_us(duration), 70_000)
        assert await session.scalar(select(func.count()).select_from(HeatBin)) > 100  # type: ignore[operator]
    bins, moments = await bins_of(world)
    assert (len(bins), max(bins), moments) == (120, 1.0, 70_000)


async def test_where_nothing_votes_nothing_is_hot(world: World) -> None:
    assert await bins_of(world) == ([0.0] * 120, 0)
