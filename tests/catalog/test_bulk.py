"""Many entries in one call: bad lines refused one by one, the same again unchanged, nothing half-written."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from groundswell.catalog.bulk import LINES_MAX, raw_lines, read_line
from groundswell.catalog.tables import CatalogEntry, Series, Title
from tests.support import App


@pytest.fixture
async def key(app: App) -> dict[str, str]:
    return await app.service_key("catalog")


def ndjson(*said: Any) -> bytes:
    return b"\n".join(each if isinstance(each, bytes) else json.dumps(each).encode() for each in said)


async def post(app: App, key: dict[str, str], *said: Any) -> list[dict[str, Any]]:
    answer = await app.http.post("/v1/titles", content=ndjson(*said), headers=key)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    return [json.loads(line) for line in answer.text.splitlines()]


def told(lines: list[dict[str, Any]]) -> list[tuple[int, str, str | None]]:
    return [(line["line"], line["result"], line.get("code")) for line in lines]


async def test_bad_lines_are_refused_one_by_one_and_the_others_are_written(app: App, key: dict[str, str]) -> None:
    place = {"series": "S", "season": 1, "episode": 1}
    lines = await post(
        app,
        key,
        {"external_id": "a", "name": "A", **place},
        b"{nonsense",
        b"",
        {"external_id": "b", "name": "B", **place},
        {"name": "nameless"},
        {"external_id": "c", "name": ""},
        [1, 2],
        {"external_id": "d", "name": "D", "watch": {"web": "nowhere"}},
        {"external_id": "e", "name": "E"},
        b"[" * 100_000,
    )
    assert told(lines) == [
        (1, "created", None),
        (2, "refused", "line_not_json"),
        (4, "refused", "episode_taken"),
        (5, "refused", "external_id_refused"),
        (6, "refused", "invalid"),
        (7, "refused", "line_not_an_object"),
        (8, "refused", "watch_template_refused"),
        (9, "created", None),
        (10, "refused", "line_not_json"),
    ]
    assert all(line["detail"] for line in lines if line["result"] == "refused")
    async with app.runtime.database.transaction() as session:
        assert set(await session.scalars(select(Title.external_id))) == {"a", "e"}


async def test_the_same_again_is_unchanged_and_what_differs_is_changed(app: App, key: dict[str, str]) -> None:
    said = [{"external_id": f"t{n}", "name": f"Title {n}", "rating": "12"} for n in range(50)]
    assert {line["result"] for line in await post(app, key, *said)} == {"created"}
    async with app.runtime.database.transaction() as session:
        before = set(await session.scalars(select(CatalogEntry.updated_at)))
    assert {line["result"] for line in await post(app, key, *said)} == {"unchanged"}
    async with app.runtime.database.transaction() as session:
        assert set(await session.scalars(select(CatalogEntry.updated_at))) == before
    said[7]["rating"] = "16"
    assert [line["result"] for line in await post(app, key, *said)].count("changed") == 1
    one = await app.http.put("/v1/titles/t3", json={"name": "Title 3", "rating": "12"}, headers=key)
    assert one.json()["result"] == "unchanged", "one by one and many at once are known by the same hash"


async def test_of_several_lines_for_one_title_the_last_stays(app: App, key: dict[str, str]) -> None:
    first = {"external_id": "a", "name": "First"}
    lines = await post(app, key, first, {"external_id": "a", "name": "Second"})
    assert [line["result"] for line in lines] == ["created", "changed"]
    lines = await post(app, key, {"external_id": "a", "name": "Third"}, first, {"external_id": "a", "name": "Second"})
    assert [line["result"] for line in lines] == ["changed", "changed", "changed"]
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(select(Title.name)) == "Second"


async def test_episodes_change_places_when_the_first_makes_room(app: App, key: dict[str, str]) -> None:
    def at(id: str, episode: int) -> dict[str, Any]:
        return {"external_id": id, "name": id, "series": "S", "season": 1, "episode": episode}

    await post(app, key, at("a", 1), at("b", 2))
    lines = await post(app, key, at("a", 3), at("b", 1), at("c", 2))
    assert [line["result"] for line in lines] == ["changed", "changed", "created"]
    async with app.runtime.database.transaction() as session:
        found = await session.execute(select(Title.external_id, Title.episode).order_by(Title.episode))
        assert [tuple(row) for row in found] == [("b", 1), ("c", 2), ("a", 3)]
        assert await session.scalar(select(func.count()).select_from(Series)) == 1


async def test_a_withdrawn_title_comes_back_by_the_very_line_it_had(app: App, key: dict[str, str]) -> None:
    said = {"external_id": "a", "name": "A"}
    await post(app, key, said)
    await app.http.delete("/v1/titles/a", headers=key)
    assert [line["result"] for line in await post(app, key, said)] == ["changed"]
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(select(Title.withdrawn_at)) is None


async def test_two_at_once_write_each_title_once(app: App, key: dict[str, str]) -> None:
    said = [{"external_id": f"t{n}", "name": "Same name", "series": "S", "season": 1, "episode": n} for n in range(40)]
    answers = await asyncio.gather(post(app, key, *said), post(app, key, *reversed(said)))
    assert sorted(line["result"] for lines in answers for line in lines) == ["created"] * 40 + ["unchanged"] * 40


async def test_more_lines_than_one_call_takes_are_refused_whole(app: App, key: dict[str, str]) -> None:
    said = [{"external_id": f"t{n}", "name": "x"} for n in range(LINES_MAX + 1)]
    answer: httpx.Response = await app.http.post("/v1/titles", content=ndjson(*said), headers=key)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_lines")
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Title)) == 0


@given(st.binary(max_size=300))
def test_whatever_is_sent_becomes_lines_or_refusals(body: bytes) -> None:
    for raw in raw_lines(body, 1000):
        line = raw.read()
        assert (line.said is None) == (line.refusal is not None)


DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda of: st.lists(of) | st.dictionaries(st.text(max_size=3), of),
    max_leaves=5,
)


@given(DOCUMENTS)
def test_any_document_is_read_or_refused(document: Any) -> None:
    line = read_line(1, json.dumps(document).encode())
    assert line.refusal is not None or line.said is not None


async def test_a_line_that_was_there_is_known_unread_and_one_said_twice_ends_as_it_stands_last(
    app: App, key: dict[str, str]
) -> None:
    """Other bytes that say the same are the same; what was changed another way is written again."""
    first, second = {"external_id": "a", "name": "A"}, {"external_id": "a", "name": "A2"}
    assert told(await post(app, key, first, {"external_id": "b", "name": "B"})) == [
        (1, "created", None),
        (2, "created", None),
    ]
    assert told(await post(app, key, first)) == [(1, "unchanged", None)]
    spaced = json.dumps(first, indent=None, separators=(" ,  ", " : ")).encode()
    assert told(await post(app, key, spaced)) == [(1, "unchanged", None)]
    assert told(await post(app, key, spaced, first)) == [(1, "unchanged", None), (2, "unchanged", None)]
    for _ in range(2):
        await post(app, key, first, second)
        assert (await app.http.get("/v1/catalog/a", headers=key)).json()["name"] == "A2"
    await app.http.put("/v1/titles/a", json={"name": "A3"}, headers=key)
    assert told(await post(app, key, second)) == [(1, "changed", None)]
    assert (await app.http.delete("/v1/titles/a", headers=key)).status_code == 204
    assert told(await post(app, key, second)) == [(1, "changed", None)]
    assert (await app.http.get("/v1/catalog/a", headers=key)).json()["withdrawn_at"] is None
