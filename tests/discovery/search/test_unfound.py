"""What was searched for and not found: counted without writing, bounded, and shown once enough people asked."""

from uuid import UUID

import pytest
from sqlalchemy import select

from groundswell.discovery.search import unfound
from groundswell.discovery.search.tables import UnfoundPhrase
from groundswell.discovery.search.unfound import HELD_ASKERS, HELD_PHRASES, Misses
from tests.support import App


async def rows(app: App) -> dict[str, int]:
    async with app.runtime.database.transaction() as session:
        query = select(UnfoundPhrase.words, UnfoundPhrase.times)
        return {row.words: row.times for row in await session.execute(query)}


async def test_a_search_writes_nothing(app: App) -> None:
    misses = app.services.get(Misses)
    for who in ("ada", "ada", "mira"):
        await app.http.get("/v1/search", params={"q": "Purple  Rain"}, headers=app.signed_in(who))
    for page in ("/v1/search", "/search"):
        await app.http.get(page, params={"q": "purple rain"})
    await app.http.get("/v1/search", params={"q": "q"})
    assert await rows(app) == {}, "it only reads"
    await misses.write(app.runtime.database)
    assert await rows(app) == {"purple rain": 3}, "once for each viewer, once for all who are not known"
    await misses.write(app.runtime.database)
    assert await rows(app) == {"purple rain": 3}, "what is written is not noted any more"
    async with app.runtime.database.transaction() as session:
        assert [each[:2] for each in await unfound.most_wanted(session, 10)] == [("purple rain", 3)]


def test_memory_is_bounded() -> None:
    misses = Misses()
    for n in range(10 * HELD_PHRASES):
        misses.note(f"made up {n}", None)
    for n in range(10 * HELD_ASKERS):
        misses.note("made up 0", UUID(int=n))
    misses.note("x" * 10_000, None)
    taken = dict(misses.taken())
    assert len(taken) == HELD_PHRASES
    assert taken["made up 0"] == HELD_ASKERS


async def test_a_day_is_bounded_and_what_is_asked_for_again_stays(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unfound, "A_DAY", 6)
    misses = Misses()
    for who in range(2):
        misses.note("purple rain", UUID(int=who))
    for flood in range(5):
        for n in range(4):
            misses.note(f"made up {flood} {n}", None)
        await misses.write(app.runtime.database)
        kept = await rows(app)
        assert len(kept) <= 6
        assert kept["purple rain"] == 2
        assert f"made up {flood} 0" in kept, "there is room for what is new"
    misses.note("purple rain", None)
    await misses.write(app.runtime.database)
    assert (await rows(app))["purple rain"] == 3
