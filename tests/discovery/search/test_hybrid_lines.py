"""Lines by words and by meaning in one order: off by default, in step with the lines, by rights, without spoilers."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from groundswell.discovery.jobs import _embed_soon
from groundswell.discovery.lifespan import lifespan
from groundswell.discovery.search import embedding, meanings
from groundswell.discovery.search.embedding import MeaningUnavailable
from groundswell.discovery.search.hybrid_lines import fused
from groundswell.discovery.search.line_index import Hit, Likeness
from groundswell.discovery.search.tables import SpokenMeaning
from tests.catalog.rows import S, add_series, add_title
from tests.discovery.search.test_search import ENGLISH, found, say, texts
from tests.support import App

MODEL = pytest.mark.skipif(
    embedding.find_spec(embedding.PACKAGE) is None, reason="make .stamps/meaning installs the model"
)
GIST = "somebody said there was a fire in the tower by the sea"


def hit(number: int, likeness: Likeness) -> Hit:
    return Hit(UUID(int=1), "en", number, number, number + 1, likeness)


def test_what_stands_in_both_lists_comes_before_what_stands_in_one() -> None:
    said = [hit(1, Likeness.PHRASE), hit(2, Likeness.STEMS), hit(3, Likeness.ALL), hit(4, Likeness.ALL)]
    meant = [hit(number, Likeness.MEANT) for number in (5, 4, 1)]
    order = fused(said, meant)
    assert [each.number for each in order] == [1, 2, 4, 5, 3]
    assert [each.likeness for each in order] == [Likeness.PHRASE, Likeness.STEMS, *[Likeness.MEANT] * 3]
    assert [each.number for each in sorted(order, key=lambda each: (each.likeness, each.order))[2:]] == [4, 5, 3]


@given(
    st.dictionaries(st.integers(0, 9), st.sampled_from(list(Likeness)[:5]), max_size=8),
    st.lists(st.integers(0, 9), unique=True, max_size=8),
)
def test_nothing_is_lost_or_found_twice(said: dict[int, Likeness], meant: list[int]) -> None:
    by_words = sorted((hit(number, likeness) for number, likeness in said.items()), key=lambda each: each.likeness)
    order = fused(by_words, [hit(number, Likeness.MEANT) for number in meant])
    assert sorted(each.number for each in order) == sorted(said.keys() | set(meant))
    exact = [each for each in by_words if each.likeness <= Likeness.STEMS]
    assert order[: len(exact)] == exact


@pytest.mark.slow
@MODEL
async def test_a_line_is_found_by_its_gist(app: App) -> None:
    async with app.runtime.database.transaction() as session:
        series = await add_series(session)
        fog = await add_title(session, "fog")
        parts = [await add_title(session, f"part-{n}", series=series, season=1, episode=n) for n in (1, 2)]
        await say(session, fog, "en", *ENGLISH)
        await say(session, fog, "de", "Der Leuchtturm brennt.")
        for part in parts:
            await say(session, part, "en", f"The beacon of part {part.episode} is in flames.")
    assert texts(await found(app, GIST)) == [], "off by default"
    settings = app.runtime.settings
    settings.search_meaning = True
    await meanings.prepare(app.runtime.database)
    await meanings.prepare(app.runtime.database)
    assert texts(await found(app, GIST)) == [], "nothing has been made of it yet"
    await embed(app)
    answer = await found(app, GIST)
    assert texts(answer)[0] in {"Nobody told me the lighthouse was burning.", "The beacon of part 1 is in flames."}
    assert len(texts(answer)) >= 3
    assert {item["likeness"] for item in answer["items"]} == {"meaning"}
    assert {item["language"] for item in answer["items"]} == {"en"}
    assert "Says something like it" in (await app.http.get("/search", params={"q": GIST})).text
    exact = await found(app, "the lighthouse was burning")
    assert exact["items"][0]["likeness"] == "phrase"
    assert texts(await found(app, f'"{GIST}"')) == [], "as it stands"
    await app.http.put("/v1/progress", json={"title": "part-1", "position_us": 5 * S}, headers=app.signed_in("mira"))
    hers = texts(await found(app, GIST, caller="mira"))
    assert "The beacon of part 1 is in flames." in hers
    assert "The beacon of part 2 is in flames." not in hers, "she has not come to it"
    ravi = app.signed_in("ravi", "rights")
    off = {"scope": "title", "title": "fog", "sharing": False}
    assert (await app.http.put("/v1/rights", json=off, headers=ravi)).is_success
    assert "Nobody told me the lighthouse was burning." not in texts(await found(app, GIST))


@pytest.mark.slow
@MODEL
async def test_what_it_means_is_in_step_with_the_lines(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    app.runtime.settings.search_meaning = True
    await meanings.prepare(app.runtime.database)
    async with app.runtime.database.transaction() as session:
        fog = await add_title(session, "fog")
        await say(session, fog, "en", *ENGLISH)
    await embed(app)
    assert await counted(app) >= 5
    async with app.runtime.database.transaction() as session:
        await say(session, fog, "en", "The dog barks.")
    assert await counted(app) == 0, "what is no longer said is not found"
    async with app.runtime.database.transaction() as session:
        (waiting,) = await meanings.waiting(session, 10)
    model = embedding.Embedding(embedding.model_folder(None))
    points = model.of

    def slowly(said: Sequence[str]) -> embedding.Array:
        asyncio.run_coroutine_threadsafe(change(), loop).result(30)
        return points(said)

    async def change() -> None:
        async with app.runtime.database.transaction() as session:
            await say(session, fog, "en", "The cat sleeps.")

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(model, "of", slowly)
    assert not await meanings.learn(app.runtime.database, model, waiting), "the lines changed meanwhile"
    assert await counted(app) == 0
    monkeypatch.undo()
    assert await meanings.learn(app.runtime.database, model, waiting)
    assert await counted(app) == 1
    async with app.runtime.database.transaction() as session:
        assert await meanings.waiting(session, 10) == []


async def test_the_service_does_not_start_without_its_model(app: App, tmp_path: Path) -> None:
    app.runtime.settings.search_meaning, app.runtime.settings.meaning_model = True, tmp_path
    with pytest.raises(MeaningUnavailable, match=r"has no model\.safetensors"):
        async with lifespan(app.services):
            raise AssertionError("it started")


async def embed(app: App) -> None:
    async with app.runtime.database.transaction() as session:
        await _embed_soon(session)
    await app.run_jobs()


async def counted(app: App) -> int:
    async with app.runtime.database.transaction() as session:
        return await session.scalar(select(func.count()).select_from(SpokenMeaning)) or 0
