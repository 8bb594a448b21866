"""Titles that the service withdraws: their links and media end at once, what staff decided stands."""

from typing import Any

import pytest

from tests.catalog.rows import S, add_title
from tests.catalog.test_entries_api import FACTS, put, read
from tests.shares.conftest import film, moment, title  # noqa: F401 - fixtures
from tests.shares.sharing import shared
from tests.support import App


@pytest.fixture
async def key(app: App) -> dict[str, str]:
    return await app.service_key("catalog")


async def code_of(app: App, address: str, **headers: str) -> str | None:
    answer = await app.http.get(address, headers=headers)
    return None if answer.status_code < 400 else str(answer.json()["code"])


@pytest.mark.slow
async def test_a_withdrawn_title_ends_at_once_and_comes_back_when_it_is_said_again(
    app: App,
    key: dict[str, str],
    moment: dict[str, Any],  # noqa: F811
) -> None:
    share = await shared(app, moment=moment["id"])
    link = f"{share['url'].removeprefix('http://test')}/go"
    assert (await app.http.get(link)).status_code == 302
    assert (await app.http.delete("/v1/titles/numbers", headers=key)).status_code == 204
    assert await code_of(app, link) == "title_withdrawn"
    assert (await app.http.get(link.removesuffix("/go"))).status_code == 403
    again = await app.http.post(
        "/v1/moments",
        json={"title": "numbers", "visibility": "public", "start_us": 10 * S, "end_us": 15 * S},
        headers=app.signed_in(),
    )
    assert (again.status_code, again.json()["code"]) == (403, "title_withdrawn")
    assert (await app.http.get("/v1/titles")).json()["items"] == []
    assert (await app.http.delete("/v1/titles/numbers", headers=key)).status_code == 204, "twice is once"
    assert (await read(app, key, "numbers"))["withdrawn_at"]
    decisions = (await app.http.get("/v1/decisions", headers=app.signed_in("tess", "trust"))).json()["items"]
    assert [(each["reason_code"], each["lifted_at"]) for each in decisions] == [("title_withdrawn", None)]
    listed = (await app.http.get("/v1/catalog", params={"shown": "withdrawn"}, headers=key)).json()["items"]
    assert [each["external_id"] for each in listed] == ["numbers"]
    assert (await put(app, key, "numbers", name="Numbers", **FACTS)).json()["result"] == "changed"
    assert (await app.http.get(link)).status_code == 302
    decisions = (await app.http.get("/v1/decisions", headers=app.signed_in("tess", "trust"))).json()["items"]
    assert decisions[0]["lifted_at"] is not None


async def test_staff_who_lift_the_record_do_not_bring_a_withdrawn_title_back(app: App, key: dict[str, str]) -> None:
    async with app.runtime.database.transaction() as session:
        await add_title(session, "fog")
    await app.http.delete("/v1/titles/fog", headers=key)
    tess = app.signed_in("tess", "trust")
    (decision,) = (await app.http.get("/v1/decisions", headers=tess)).json()["items"]
    lifted = await app.http.post(f"/v1/decisions/{decision['id']}/lift", headers=tess)
    assert lifted.is_success, lifted.text
    again = (await app.http.get("/v1/decisions", params={"live": True}, headers=tess)).json()["items"]
    assert [each["reason_code"] for each in again] == ["title_withdrawn"], "it is on record for as long as it is so"
    rights = (await app.http.get("/v1/titles/fog", headers=app.signed_in())).json()["rights"]
    assert (rights["sharing"], rights["code"]) == (False, "title_withdrawn")


async def test_what_staff_hid_stays_hidden_when_the_title_is_back(app: App, key: dict[str, str]) -> None:
    async with app.runtime.database.transaction() as session:
        there = await add_title(session, "fog")
    hidden = {"subject": {"kind": "title", "id": str(there.id)}, "action": "hide", "reason_code": "copyright"}
    tess = app.signed_in("tess", "trust")
    made = await app.http.post("/v1/decisions", json=hidden | {"explanation": "The owner objected."}, headers=tess)
    assert made.status_code == 201, made.text
    await app.http.delete("/v1/titles/fog", headers=key)
    await put(app, key, "fog", name="Fog", **FACTS)
    rights = (await app.http.get("/v1/titles/fog", headers=app.signed_in())).json()["rights"]
    assert (rights["sharing"], rights["code"]) == (False, "title_restricted")
