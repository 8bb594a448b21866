"""Heat, scenes and search after ``kill -9`` at random places, verdicts that change and viewers who are erased: what is
kept is what comes of counting, gathering and indexing everything from scratch."""

import asyncio
import multiprocessing
import random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Table, delete, select, text

from groundswell.accounts.erasure import erase_viewer
from groundswell.catalog.tables import Line
from groundswell.discovery.search.upkeep import index_lines
from groundswell.discovery.tables import HeatDay, HeatMark, HeatVote, SceneRow, SceneVote
from groundswell.discovery.title_refresh import mark_moments, mark_title
from groundswell.platform.database import Database
from tests.earnings.world import World, build

from .keeper import LANGUAGE, keep, record_lines
from .test_ballots import assert_same, changed, days, forget, happened, refreshed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

S = 1_000_000
ROUNDS = 10
STATEMENTS = 70
"""Before one of so many the keeper is killed; it sends about as many when there is much to do."""

WORDS = "the lamp of storm keeper lights a train over water and nobody said why it rang".split()
NAMES = ("kiss", "same kiss", "rain")
FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload(["tests.discovery.keeper"])


@pytest.fixture
async def world(database: Database) -> World:
    world = await build(database)
    await world.moment("noor", "kiss", 10 * S, 20 * S)
    await world.moment("kofi", "same kiss", 11 * S, 21 * S)
    await world.moment("ada", "rain", 60 * S, 70 * S)
    for name in ("noor", "ada", "eve"):
        await world.established(name)
    return world


def killed(url: str, title: UUID, said: list[str], before: int) -> bool:
    """Have the keeper do its work in a process of its own, and kill it before so many statements; whether it was."""
    reading, writing = FORK.Pipe(duplex=False)
    process = FORK.Process(target=keep, args=(url, title, said, writing))
    process.start()
    writing.close()
    try:
        for _ in range(before):
            reading.recv_bytes()
    except EOFError:
        process.join()
        assert process.exitcode == 0
        return False
    process.kill()
    process.join()
    return True


def lines_of(chance: random.Random) -> list[str]:
    return [" ".join(chance.choices(WORDS, k=5)).capitalize() + "." for _ in range(chance.randint(1, 40))]


async def table(world: World, kept: Any, *without: str) -> list[tuple[Any, ...]]:
    """All rows of a table, in an order of their own."""
    rows: Table = kept.__table__
    columns = [column for column in rows.columns if column.name not in without]
    async with world.database.transaction() as session:
        return sorted((tuple(row) for row in await session.execute(select(*columns))), key=repr)


async def gathered(world: World) -> tuple[Any, ...]:
    """Scenes, whose moments they are, and what was counted for them."""
    scenes = await table(world, SceneRow, "refreshed_at", "sharers_at")
    return scenes, await table(world, SceneVote), await days(world)


async def spoken(world: World) -> list[tuple[Any, ...]]:
    columns = "number, start_us, end_us, text, words::text"
    async with world.database.transaction() as session:
        rows = await session.execute(text(f"SELECT {columns} FROM spoken_sentences ORDER BY number"))
        return [tuple(row) for row in rows]


async def test_what_is_kept_is_what_counting_from_scratch_comes_to(world: World) -> None:
    chance = random.Random(15)
    kills, logged, erased = 0, [], []
    for number in range(ROUNDS):
        for _ in range(chance.randint(3, 9)):
            viewer = chance.choice([None, "noor", "kofi", "ada", "eve"])
            what = (chance.choice(NAMES), chance.choice(["click", "play", "share"]), f"v{chance.randint(1, 5)}", viewer)
            logged.append(await happened(world, *what, f"net {chance.randint(1, 3)}", chance.randint(0, 4_000)))
        await world.judge(chance.choice(logged), chance.choice(["human", "robot"]), f"rule-{number}")
        changes = [("show", ("same kiss", number % 2 == 0)), ("trim", ("rain", 60 + number))]
        await changed(world, *chance.choice(changes))
        async with world.database.transaction() as session:
            await mark_moments(session, world.title, world.moments["same kiss"], world.moments["rain"])
        if number in (4, 8):
            who = "eve" if number == 4 else "kofi"
            async with world.database.transaction() as session:
                erased.append(await erase_viewer(session, "groundswell-demo", who))
        given = (world.database.url, world.title, lines_of(chance), chance.randint(1, STATEMENTS))
        kills += await asyncio.to_thread(killed, *given)
    assert kills >= ROUNDS / 2
    assert len(erased) == 2
    await refreshed(world)
    await assert_same(world)

    before = await gathered(world)
    await forget(world)
    async with world.database.transaction() as session:
        await mark_title(session, world.title)
    await refreshed(world)
    assert await gathered(world) == before

    counted = await table(world, HeatDay)
    assert counted
    async with world.database.transaction() as session:
        for kept in (HeatMark, HeatVote, HeatDay):
            await session.execute(delete(kept))
    await refreshed(world)
    assert await table(world, HeatDay) == counted

    searched = await spoken(world)
    async with world.database.transaction() as session:
        lines = list(await session.scalars(select(Line.text).filter_by(title_id=world.title).order_by(Line.number)))
        assert " ".join(row[3] for row in searched) == " ".join(lines)
        await session.execute(text("TRUNCATE spoken_sentences, spoken_words"))
        await index_lines(session, [(world.title, LANGUAGE)])
    assert lines
    assert await spoken(world) == searched
    async with world.database.transaction() as session:
        await record_lines(session, world.title, [])
    assert await spoken(world) == []
