"""Advisory locks: one holder at a time, given back by the database, and no two with one number."""

import asyncio
import re
from itertools import product
from pathlib import Path

import pytest

import groundswell
from groundswell.platform.database import Database
from groundswell.platform.locks import Lock, giving_back, held, is_held, lock, number, taking


def test_no_two_locks_share_a_number() -> None:
    numbers = {number(each, of) for each, of in product(Lock, ("", "a", "b", 1))}
    assert len(numbers) == len(Lock) * 4
    assert all(-(2**63) <= each < 2**63 for each in numbers)


def test_locks_are_taken_through_the_register_alone() -> None:
    sources = Path(groundswell.__file__).parent
    files = [path for path in sources.rglob("*.py") if re.search(r"pg_(try_)?advisory", path.read_text())]
    calling = {str(path.relative_to(sources)) for path in files}
    triggers = {"accounts/tables.py", "earnings/ledger_triggers.py"}
    assert calling == {"platform/locks.py", *triggers}, "triggers take the audit log's, and those of months"


async def test_one_transaction_after_the_other(database: Database) -> None:
    order: list[str] = []

    async def holder(name: str, begun: asyncio.Event, let_go: asyncio.Event) -> None:
        async with database.transaction() as session:
            await lock(session, Lock.HEAT)
            order.append(f"{name} in")
            begun.set()
            await let_go.wait()
            order.append(f"{name} out")

    first_begun, second_begun, let_go = asyncio.Event(), asyncio.Event(), asyncio.Event()
    first = asyncio.create_task(holder("first", first_begun, let_go))
    await first_begun.wait()
    second = asyncio.create_task(holder("second", second_begun, let_go))
    async with database.transaction() as session:
        assert await is_held(session, Lock.HEAT)
        assert not await is_held(session, Lock.REVERSALS)
        await lock(session, Lock.HEAT, "another of the kind")
    let_go.set()
    await asyncio.gather(first, second)
    assert order == ["first in", "first out", "second in", "second out"]


async def test_sharers_hold_it_together(database: Database) -> None:
    async with database.transaction() as one, database.transaction() as two:
        await lock(one, Lock.REVERSALS, shared=True)
        await asyncio.wait_for(lock(two, Lock.REVERSALS, shared=True), 10)


async def test_a_connection_holds_it_until_it_gives_it_back_or_ends(database: Database) -> None:
    async with await database.connect(autocommit=True) as one, await database.connect(autocommit=True) as two:
        await one.execute(*taking(Lock.SEALING))
        tried = await (await two.execute(*taking(Lock.SEALING, wait=False))).fetchone()
        assert tried == (False,)
        await one.execute(*giving_back(Lock.SEALING))
        tried = await (await two.execute(*taking(Lock.SEALING, wait=False))).fetchone()
        assert tried == (True,)
    async with database.transaction() as session:
        assert not await is_held(session, Lock.SEALING)


async def test_what_was_held_is_free_at_the_end_of_the_block_though_the_connection_ends_with_it(
    database: Database,
) -> None:
    for _ in range(30):
        async with await database.connect(autocommit=True) as connection:
            async with held(connection, Lock.CATALOGUE_SYNC, "main", wait=False) as ours:
                assert ours
                async with await database.connect(autocommit=True) as other:
                    async with held(other, Lock.CATALOGUE_SYNC, "main", wait=False) as theirs:
                        assert not theirs
                async with database.transaction() as session:
                    assert await is_held(session, Lock.CATALOGUE_SYNC, "main"), "not given back by who never had it"


async def test_a_block_that_fails_or_breaks_its_connection_gives_back_what_it_held(database: Database) -> None:
    async with await database.connect(autocommit=True) as one, await database.connect(autocommit=True) as two:
        with pytest.raises(KeyError):
            async with held(one, Lock.SEALING):
                raise KeyError
        async with held(two, Lock.SEALING, wait=False) as ours:
            assert ours
        async with held(one, Lock.SEALING):
            await one.close()
        async with held(two, Lock.SEALING) as ours:  # the server hears of it after a while
            assert ours
