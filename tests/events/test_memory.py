"""What is remembered of links is forgotten before whoever changed it is answered."""

import asyncio

import pytest

from groundswell.events.memory import CHANNEL, Listener, Memory, listening
from groundswell.platform.database import Database


@pytest.fixture
async def memory() -> Memory[str]:
    return Memory()


async def announce(database: Database, id: str) -> None:
    async with await database.connect(autocommit=True) as connection:
        await connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, id))


async def test_what_was_announced_before_the_call_is_forgotten_after_it(
    database: Database, memory: Memory[str]
) -> None:
    async with listening(database, memory) as listener:
        for n in range(20):
            memory.put(n, "fact", memory.age, [f"id{n}"])
            await announce(database, f"id{n}")
            await listener.caught_up()
            assert memory.get(n) is None
        memory.put("other", "fact", memory.age, ["another"])
        await asyncio.gather(*(listener.caught_up() for _ in range(5)))
        assert memory.get("other") == "fact"


async def test_without_a_listener_nothing_is_remembered_and_nobody_waits(
    database: Database, memory: Memory[str]
) -> None:
    listener = Listener(database, [memory])
    await listener.caught_up()
    async with listening(database, memory) as listener:
        memory.put("key", "fact", memory.age)
        async with await database.connect(autocommit=True) as connection:
            listeners = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
            await connection.execute(listeners)
        await listener.caught_up()
        assert memory.get("key") is None


async def test_what_a_deaf_listener_keeps_is_forgotten_before_long(
    database: Database, memory: Memory[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groundswell.events.memory.LISTENS_EVERY_S", 0.05)
    monkeypatch.setattr("groundswell.events.memory.CATCH_UP_S", 0.2)
    async with listening(database, memory) as listener:
        monkeypatch.setattr(listener, "_hear", lambda notice: None)  # as when its connection died in silence
        memory.put("key", "fact", memory.age, ["id"])
        for _ in range(500):
            if memory.get("key") is None:
                return
            await asyncio.sleep(0.02)
    pytest.fail("it was kept")
