"""Rules as rights staff write them."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from groundswell.catalog.signals import RightsChanged
from groundswell.platform import signals
from tests.catalog.rows import S, add_series, add_title
from tests.support import App


@pytest.fixture
async def shelf(app: App) -> App:
    """A film, and a series with one episode."""
    async with app.runtime.database.transaction() as session:
        await add_title(session, "fog")
        await add_title(session, "part-1", series=await add_series(session), season=1, episode=1)
    return app


async def put(app: App, **body: Any) -> httpx.Response:
    return await app.http.put("/v1/rights", json=body, headers=app.signed_in("ravi", "rights"))


async def rules(app: App, **params: Any) -> list[dict[str, Any]]:
    answer = await app.http.get("/v1/rights", params=params, headers=app.signed_in("ravi", "rights"))
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_a_rule_is_written_replaced_whole_and_removed(shelf: App) -> None:
    first = (await put(shelf, scope="title", title="fog", sharing=False, max_clip_us=9 * S)).json()
    assert (first["label"], first["sharing"], first["max_clip_us"]) == ("Fog", False, 9 * S)
    second = (await put(shelf, scope="title", title="fog", viewer_total_percent=50, note="festival")).json()
    assert (second["id"], second["sharing"], second["viewer_total_percent"]) == (first["id"], None, 50)
    assert second["updated_at"] > first["updated_at"]
    assert [rule["note"] for rule in await rules(shelf)] == ["festival"]
    headers = shelf.signed_in("ravi", "rights")
    assert (await shelf.http.delete(f"/v1/rights/{first['id']}", headers=headers)).status_code == 204
    assert await rules(shelf) == []
    assert (await shelf.http.delete(f"/v1/rights/{first['id']}", headers=headers)).status_code == 404


async def test_each_place_has_its_own_rule(shelf: App) -> None:
    places: list[dict[str, Any]] = [
        {"scope": "all"},
        {"scope": "all", "territory": "DE"},
        {"scope": "series", "series": "lighthouse"},
        {"scope": "season", "series": "lighthouse", "season": 1},
        {"scope": "title", "title": "part-1"},
        {"scope": "title", "title": "part-1", "territory": "DE"},
        {"scope": "title", "title": "fog"},
    ]
    for place in places:
        assert (await put(shelf, **place, sharing=True)).status_code == 200
    listed = await rules(shelf)
    assert len(listed) == len(places)
    assert {rule["label"] for rule in listed} == {"Everything", "Lighthouse", "Lighthouse, season 1", "Part-1", "Fog"}
    assert {rule["territory"] for rule in await rules(shelf, title="part-1")} == {None, "DE"}
    assert len(await rules(shelf, scope="all")) == 2


NONSENSE: list[dict[str, Any]] = [
    {"scope": "title"},
    {"scope": "title", "title": "fog", "season": 1},
    {"scope": "season", "series": "lighthouse"},
    {"scope": "all", "title": "fog"},
    {"scope": "planet"},
    {"scope": "all", "territory": "Germany"},
    {"scope": "all", "territory": "de"},
    {"scope": "all", "min_clip_us": 10, "max_clip_us": 9},
    {"scope": "all", "min_clip_us": -1},
    {"scope": "all", "max_clip_us": 10**19},
    {"scope": "all", "max_clip_us": "NaN"},
    {"scope": "all", "viewer_total_percent": 101},
    {"scope": "all", "viewer_total_percent": 10, "viewer_total_us": 10},
    {"scope": "all", "title_total_percent": 10, "title_total_us": 10},
    {"scope": "all", "opens_at": "2026-06-01T00:00:00Z", "closes_at": "2026-06-01T00:00:00Z"},
    {"scope": "all", "opens_at": "2026-06-01T00:00:00"},
    {"scope": "all", "blocked_ranges": [{"start_us": 5, "end_us": 5, "reason": "x"}]},
    {"scope": "all", "blocked_ranges": [{"start_us": 0, "end_us": 5, "reason": " "}]},
    {
        "scope": "title",
        "title": "fog",
        "blocked_ranges": [{"start_us": 1000 * S, "end_us": 1001 * S, "reason": "x"}],
    },
    {"scope": "all", "note": "a\x00b"},
    {"scope": "all", "speaks_from": "2026-06-02T00:00:00Z", "speaks_until": "2026-06-01T00:00:00Z"},
    {"scope": "all", "targets": ["javascript:alert(1)"]},
    {"scope": "all", "ratings_off": [" "]},
    {"scope": "all", "sharring": False},
]


async def test_rules_that_make_no_sense_are_refused(shelf: App) -> None:
    for body in NONSENSE:
        answer = await put(shelf, **body)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), body
    assert await rules(shelf) == []


async def test_rules_for_places_that_do_not_exist_are_refused(shelf: App) -> None:
    assert (await put(shelf, scope="title", title="none")).json()["code"] == "title_unknown"
    assert (await put(shelf, scope="series", series="none")).json()["code"] == "series_unknown"


async def test_only_rights_staff_write_and_read_them(shelf: App) -> None:
    for headers, code in ((shelf.signed_in("mira", "marketer"), "role_missing"), ({}, "token_missing")):
        answer = await shelf.http.put("/v1/rights", json={"scope": "all"}, headers=headers)
        assert answer.json()["code"] == code
        assert (await shelf.http.get("/v1/rights", headers=headers)).json()["code"] == code


async def test_the_rooms_above_hear_of_every_change(shelf: App, heard: list[RightsChanged]) -> None:
    rule = (await put(shelf, scope="all", territory="DE", sharing=False)).json()
    await shelf.http.delete(f"/v1/rights/{rule['id']}", headers=shelf.signed_in("ravi", "rights"))
    assert [(str(signal.rule_id), signal.scope, signal.territory) for signal in heard] == [
        (rule["id"], "all", "DE")
    ] * 2


@pytest.fixture
def heard() -> Iterator[list[RightsChanged]]:
    found: list[RightsChanged] = []

    async def listen(session: object, signal: RightsChanged) -> None:
        found.append(signal)

    signals.on(RightsChanged)(listen)
    yield found
    signals._subscribers[RightsChanged].remove(listen)
