"""The catalogue over HTTP: said, said again, said in part, withdrawn."""

import json
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from groundswell.accounts.tables import AuditEntry
from groundswell.catalog.tables import CatalogEntry, Series, Title
from groundswell.catalog.titles import find_title
from tests.catalog.rows import add_title
from tests.support import App

JSON = {"Content-Type": "application/json"}
FACTS = {"rating": "12", "released_on": "2020-01-01", "live": False}


@pytest.fixture
async def key(app: App) -> dict[str, str]:
    return await app.service_key("catalog")


async def put(app: App, key: dict[str, str], external_id: str, **said: Any) -> httpx.Response:
    return await app.http.put(f"/v1/titles/{external_id}", json={"name": "The Fog"} | said, headers=key)


async def read(app: App, key: dict[str, str], external_id: str) -> dict[str, Any]:
    answer = await app.http.get(f"/v1/catalog/{external_id}", headers=key)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_title_is_created_changed_and_left_alone(app: App, key: dict[str, str]) -> None:
    created = await put(app, key, "tt101", **FACTS)
    assert (created.status_code, created.json()["result"], created.json()["slug"]) == (201, "created", "the-fog")
    assert created.json()["missing"] == []
    again = await app.http.put(
        "/v1/titles/tt101", json=dict(reversed([("name", "The Fog"), *FACTS.items()])), headers=key
    )
    assert (again.status_code, again.json()["result"]) == (200, "unchanged"), "members in another order are the same"
    changed = await put(app, key, "tt101", rating="16")
    assert (changed.status_code, changed.json()["result"]) == (200, "changed")
    assert changed.json()["missing"] == ["released_on", "live"], "what is left out is unknown from then on"
    assert changed.json()["id"] == created.json()["id"]
    found = await read(app, key, "tt101")
    assert (found["missing"], found["has_media"], found["entry"]) == (
        ["released_on", "live"],
        False,
        {"name": "The Fog", "rating": "16"},
    )


async def test_everything_that_is_said_is_kept(app: App, key: dict[str, str]) -> None:
    said = {
        "name": "Der Nebel",
        "names": {"en": "The Fog", "pt-BR": "O Nevoeiro"},
        "synopsis": "Nebel.",
        "synopses": {"en": "Fog."},
        "series": "Lighthouse",
        "season": 1,
        "episode": 2,
        **FACTS,
        "kids": False,
        "genres": ["Drama"],
        "languages": ["de"],
        "audio_languages": ["de", "en"],
        "subtitle_languages": ["de", "en", "ar"],
        "licences": [{"territories": ["DE", "AT"], "opens_at": "2026-01-01T00:00:00Z"}],
        "artwork": {"poster": "https://img.example/p.jpg"},
        "watch": {"web": "https://play.example/{external_id}?t={seconds}"},
        "accent": "#aabbcc",
    }
    assert (await put(app, key, "e2", **said)).status_code == 201
    found = await read(app, key, "e2")
    assert (found["entry"], found["series"], found["season"], found["episode"]) == (said, "Lighthouse", 1, 2)
    async with app.runtime.database.transaction() as session:
        title = await find_title(session, "e2")
        assert (title.slug, title.rating, title.live, title.accent) == ("der-nebel", "12", False, "#aabbcc")
        assert title.licences is not None
        assert title.licences[0]["territories"] == ["DE", "AT"]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"name": " "}, "string_too_short"),
    ({"name": "a\x00b"}, "text_refused"),
    ({"name": "x", "synopsis": "\ud800"}, "string_unicode"),
    ({"name": "x", "season": 1}, "value_error"),
    ({"name": "x", "series": "S", "season": -1, "episode": 1}, "greater_than_equal"),
    ({"name": "x", "colour": "red"}, "extra_forbidden"),
    ({"name": "x", "slug": "Not An Address"}, "slug_refused"),
    ({"name": "x", "watch": {"web": "/watch/{external_id}?t={seconds}"}}, "watch_template_refused"),
    ({"name": "x", "watch": {"web": "http://play.example/{external_id}?t={seconds}"}}, "watch_template_refused"),
    ({"name": "x", "watch": {"ios": "https://play.example/{external_id}"}}, "watch_template_refused"),
    ({"name": "x", "watch": {"tv": "https://{external_id}.example/?t={seconds}"}}, "watch_template_refused"),
    ({"name": "x", "artwork": {"poster": "file:///etc/passwd"}}, "url_scheme"),
    ({"name": "x", "licences": [{"territories": ["Germany"]}]}, "string_pattern_mismatch"),
    ({"name": "x", "licences": [{"opens_at": "2027-01-01T00:00Z", "closes_at": "2026-01-01T00:00Z"}]}, "value_error"),
    ({"name": "x", "released_on": "soon"}, "date_from_datetime_parsing"),
    ({"name": "x", "live": "perhaps"}, "bool_parsing"),
]  # fmt: skip


async def test_what_cannot_be_is_refused_with_a_reason_and_nothing_is_written(app: App, key: dict[str, str]) -> None:
    for said, code in REFUSED:
        answer = await app.http.put("/v1/titles/x1", content=json.dumps(said), headers=key | JSON)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), (said, answer.text)
        assert code in {each["code"] for each in answer.json()["fields"]}, (said, answer.text)
    for reference in ("has%20space", "%00", "a" * 201, "-x"):
        answer = await app.http.put(f"/v1/titles/{reference}", json={"name": "x"}, headers=key)
        assert answer.status_code == 422, (reference, answer.text)
    async with app.runtime.database.transaction() as session:
        assert (await session.scalars(select(Title.id))).all() == []
        assert (await session.scalars(select(Series.id))).all() == []


async def test_no_two_titles_are_one_episode_and_one_that_moves_makes_room(app: App, key: dict[str, str]) -> None:
    place = {"series": "Lighthouse", "season": 1}
    assert (await put(app, key, "a", name="A", **place, episode=1)).status_code == 201
    taken = await put(app, key, "b", name="B", **place, episode=1)
    assert (taken.status_code, taken.json()["code"]) == (409, "episode_taken")
    assert (await put(app, key, "a", name="A", series="Harbour", season=3, episode=1)).json()["result"] == "changed"
    assert (await put(app, key, "b", name="B", **place, episode=1)).status_code == 201
    assert (await put(app, key, "a", name="A")).json()["result"] == "changed"
    found = await read(app, key, "a")
    assert (found["series"], found["season"]) == (None, None)


async def test_each_name_of_a_title_leads_to_one(app: App, key: dict[str, str]) -> None:
    first, second = await put(app, key, "101", name="Dune"), await put(app, key, "102", name="Dune")
    assert (first.json()["slug"], second.json()["slug"].startswith("dune-")) == ("dune", True)
    taken = await put(app, key, "dune", name="Another")
    assert (taken.status_code, taken.json()["code"]) == (409, "external_id_taken")
    named = await put(app, key, "103", name="Dune", slug="dune")
    assert (named.status_code, named.json()["code"]) == (409, "slug_taken")
    assert (await put(app, key, "101", name="Dune", slug="dune-1984")).json()["slug"] == "dune-1984"
    assert (await put(app, key, "dune", name="Another")).status_code == 201
    async with app.runtime.database.transaction() as session:
        assert (await find_title(session, "102")).external_id == "102"
        assert (await find_title(session, "dune-1984")).external_id == "101"


async def test_a_title_that_came_by_the_command_is_the_same_one(app: App, key: dict[str, str]) -> None:
    async with app.runtime.database.transaction() as session:
        there = await add_title(session, "fog")
    answer = await put(app, key, "fog", name="Fog", **FACTS)
    assert (answer.status_code, answer.json()["result"], answer.json()["id"]) == (200, "changed", str(there.id))
    assert (await read(app, key, "fog"))["has_media"] is True


async def test_what_is_not_there_is_not_withdrawn(app: App, key: dict[str, str]) -> None:
    for method in ("DELETE", "GET"):
        address = "/v1/titles/none" if method == "DELETE" else "/v1/catalog/none"
        answer = await app.http.request(method, address, headers=key)
        assert (answer.status_code, answer.json()["code"]) == (404, "title_unknown")


async def test_the_catalogue_is_read_page_by_page(app: App, key: dict[str, str]) -> None:
    for n in range(5):
        await put(app, key, f"t{n}", name=f"Title {n}")
    seen: list[str] = []
    cursor = None
    while True:
        page = (
            await app.http.get("/v1/catalog", params={"limit": 2} | ({"cursor": cursor} if cursor else {}), headers=key)
        ).json()
        seen += [each["external_id"] for each in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert seen == ["t4", "t3", "t2", "t1", "t0"]


async def test_it_is_recorded_who_changed_the_catalogue(app: App, key: dict[str, str]) -> None:
    await put(app, key, "t1")
    await app.http.delete("/v1/titles/t1", headers=key)
    async with app.runtime.database.transaction() as session:
        told = [row.told for row in await session.scalars(select(AuditEntry).order_by(AuditEntry.seq))]
        (entry,) = (await session.scalars(select(CatalogEntry))).all()
    assert [each["action"] for each in told] == ["PUT /v1/titles/{external_id}", "DELETE /v1/titles/{external_id}"]
    assert [each["subject"]["external_id"] for each in told] == ["t1", "t1"]
    assert {each["actor"] for each in told} == {entry.given_by}


async def test_another_key_writes_no_catalogue(app: App) -> None:
    other = await app.service_key("conversions:write", "events:write")
    assert (await put(app, other, "t1")).json()["code"] == "scope_missing"
