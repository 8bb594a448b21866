"""What is remembered of links is forgotten before whoever changed it is answered."""

import asyncio

import pytest

from groundswell.platform.database import Database
from groundswell.platform.notified_cache import CHANNEL, CacheListener, NotifiedCache, listening


@pytest.fixture
async def memory() -> NotifiedCache[str]:
    return NotifiedCache()


async def announce(database: Database, id: str) -> None:
    async with await database.connect(autocommit=True) as connection:
        await connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, id))


async def test_what_was_announced_before_the_call_is_forgotten_after_it(
    database: Database, memory: NotifiedCache[str]
) -> None:
    async with listening(database, memory) as listener:
        for n in range(20):
            memory.put(n, "fact", memory.generation, [f"id{n}"])
            await announce(database, f"id{n}")
            await listener.synchronize()
            assert memory.get(n) is None
        memory.put("other", "fact", memory.generation, ["another"])
        await asyncio.gather(*(listener.synchronize() for _ in range(5)))
        assert memory.get("other") == "fact"


async def test_without_a_listener_nothing_is_remembered_and_nobody_waits(
    database: Database, memory: NotifiedCache[str]
) -> None:
    listener = CacheListener(database, [memory])
    await listener.synchronize()
    async with listening(database, memory) as listener:
        memory.put("key", "fact", memory.generation)
        async with await database.connect(autocommit=True) as connection:
            listeners = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
            await connection.execute(listeners)
        await listener.synchronize()
        assert memory.get("key") is None


async def test_what_a_deaf_listener_keeps_is_forgotten_before_long(
    database: Database, memory: NotifiedCache[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groundswell.platform.notified_cache.LISTENS_EVERY_S", 0.05)
    monkeypatch.setattr("groundswell.platform.notified_cache.CATCH_UP_S", 0.2)
    async with listening(database, memory) as listener:
        monkeypatch.setattr(listener, "_hear", lambda notice: None)  # as when its connection died in silence
        memory.put("key", "fact", memory.generation, ["id"])
        for _ in range(500):
            if memory.get("key") is None:
                return
            await asyncio.sleep(0.02)
    pytest.fail("it was kept")


def cache(bytes_max: int = 1000) -> NotifiedCache[str]:
    kept: NotifiedCache[str] = NotifiedCache(bytes_max, weigh=len)
    kept.listening = True
    return kept


def test_what_nobody_asked_for_longest_goes_first_and_only_as_much_as_must() -> None:
    kept = cache(10)
    for key in "abc":
        kept.put(key, "xxx", kept.generation, [f"id {key}"])
    assert kept.get("a") == "xxx"
    kept.put("d", "xxx", kept.generation)
    assert [key for key in "abcd" if kept.get(key)] == ["a", "c", "d"]
    kept.put("e", "x" * 11, kept.generation)
    assert kept.get("e") is None
    assert kept.bytes <= 10


def test_a_change_forgets_what_depends_on_it_and_nothing_else() -> None:
    kept = cache()
    kept.put("one", "fact", kept.generation, ["title 1", "everywhere"])
    kept.put("other", "fact", kept.generation, ["title 2", "everywhere"])
    kept.on_notification("title 1")
    assert (kept.get("one"), kept.get("other")) == (None, "fact")
    kept.on_notification("everywhere")
    assert (kept.get("other"), kept.bytes) == (None, 0)


def test_a_fact_that_was_looked_up_before_something_else_changed_is_kept() -> None:
    """Else a service in which something always changes would keep nothing."""
    kept = cache()
    before = kept.generation
    kept.on_notification("title 2")
    kept.put("one", "fact", before, ["title 1"])
    kept.put("other", "fact", before, ["title 2"])
    assert (kept.get("one"), kept.get("other")) == ("fact", None)
    before = kept.generation
    kept.on_notification("")
    kept.put("one", "fact", before, ["title 1"])
    assert kept.get("one") is None


def test_what_changed_so_long_ago_that_it_is_not_known_may_be_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("groundswell.platform.notified_cache.CHANGES_MAX", 3)
    kept = cache()
    before = kept.generation
    for n in range(5):
        kept.on_notification(f"title {n}")
    kept.put("one", "fact", before, ["title 9"])
    assert kept.get("one") is None
    kept.put("one", "fact", kept.generation, ["title 0"])
    assert kept.get("one") == "fact"
