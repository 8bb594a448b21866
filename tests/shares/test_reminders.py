"""What cannot be seen where one is can be waited for, and whoever waits is told when it can."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from groundswell.platform.clock import utc_now
from tests.moments.clipping import set_rights, take_down
from tests.shares.sharing import share, shared
from tests.support import App

HEADER = "CF-IPCountry"
GERMAN, FRENCH = {HEADER: "DE"}, {HEADER: "fr"}


@pytest.fixture
def placed(app: App) -> Iterator[App]:
    """The application behind a proxy that says where people are."""
    app.services.settings.territory_header = HEADER
    yield app
    app.services.settings.territory_header = None


async def off_in(app: App, territory: str, **terms: Any) -> str:
    """Sharing is off in one country; returns the rule's id."""
    body = {"scope": "title", "title": "numbers", "territory": territory, **({"sharing": False} | terms)}
    answer = await app.http.put("/v1/rights", json=body, headers=app.signed_in("ravi", "rights"))
    assert answer.status_code in {200, 201}, answer.text
    return str(answer.json()["id"])


async def remind(app: App, token: str, **headers: str) -> httpx.Response:
    return await app.http.post("/v1/reminders", json={"share": token}, headers=app.signed_in("ben") | headers)


async def waiting(app: App, **headers: str) -> list[dict[str, Any]]:
    answer = await app.http.get("/v1/reminders", headers=app.signed_in("ben") | headers)
    found: list[dict[str, Any]] = answer.json()
    return found


@pytest.mark.slow
async def test_a_visitor_is_judged_by_the_country_the_proxy_names(placed: App, moment: dict[str, Any]) -> None:
    token = (await shared(placed, moment=moment["id"]))["token"]
    await off_in(placed, "DE")
    paths = (f"/s/{token}", f"/m/{moment['code']}", f"/embed/{moment['code']}", f"/m/{moment['code']}/captions.vtt")
    for path in paths:
        for _ in range(2):  # a page that is kept for one country is not another's
            assert (await placed.http.get(path, headers=FRENCH)).status_code == 200, path
            assert (await placed.http.get(path, headers=GERMAN)).status_code == 403, path
        assert (await placed.http.get(path)).status_code == 200, f"{path}: nobody knows where"
        assert (await placed.http.get(path, headers={HEADER: "XX"})).status_code == 200
    again = await placed.http.post("/v1/shares", json={"parent": token, "channel": "copy"}, headers=GERMAN)
    assert (again.status_code, again.json()["code"], again.json()["elsewhere"]) == (403, "sharing_off", True)
    assert (await share(placed, None, parent=token)).status_code == 201


async def test_without_a_proxy_nobody_s_word_is_taken_for_it(app: App, moment: dict[str, Any]) -> None:
    await off_in(app, "DE")
    assert (await app.http.get(f"/m/{moment['code']}", headers=GERMAN)).status_code == 200


async def test_what_is_not_in_one_s_country_is_waited_for(placed: App, moment: dict[str, Any]) -> None:
    token = (await shared(placed, moment=moment["id"]))["token"]
    rule = await off_in(placed, "DE")
    made = await remind(placed, token, **GERMAN)
    assert (made.status_code, made.json()["available"], made.json()["reason"]["code"]) == (201, False, "sharing_off")
    assert (await remind(placed, token, **GERMAN)).json()["id"] == made.json()["id"], "asked twice, made once"
    key = await placed.service_key("reminders:read")
    assert (await placed.http.get("/v1/reminders/due", headers=key)).json() == {"items": [], "next": None}

    await placed.http.delete(f"/v1/rights/{rule}", headers=placed.signed_in("ravi", "rights"))
    assert [each["available"] for each in await waiting(placed, **GERMAN)] == [True]
    (due,) = (await placed.http.get("/v1/reminders/due", headers=key)).json()["items"]
    assert (due["subject"], due["title"]) == ("ben", "Numbers")
    assert due["url"].endswith(f"/s/{token}")

    others = placed.http.delete(f"/v1/reminders/{made.json()['id']}", headers=placed.signed_in("cleo"))
    assert (await others).json()["code"] == "reminder_unknown"
    mine = placed.http.delete(f"/v1/reminders/{made.json()['id']}", headers=placed.signed_in("ben"))
    assert (await mine).status_code == 204
    assert await waiting(placed) == []


async def test_what_is_not_out_yet_is_waited_for_and_a_country_may_be_the_only_one(
    placed: App, moment: dict[str, Any]
) -> None:
    token = (await shared(placed, moment=moment["id"]))["token"]
    await set_rights(placed, opens_at=(utc_now() + timedelta(days=1)).isoformat())
    assert (await remind(placed, token)).status_code == 201
    await set_rights(placed, sharing=False)
    await off_in(placed, "US", sharing=True)
    assert (await placed.http.get(f"/s/{token}", headers={HEADER: "US"})).status_code == 200
    refused = await placed.http.post("/v1/shares", json={"parent": token, "channel": "copy"}, headers=GERMAN)
    assert refused.json()["elsewhere"] is True


async def test_there_is_nothing_to_wait_for_when_it_is_there_or_gone_for_good(
    placed: App, moment: dict[str, Any]
) -> None:
    token = (await shared(placed, moment=moment["id"]))["token"]
    assert (await remind(placed, token)).json()["code"] == "nothing_to_wait_for"
    await set_rights(placed, sharing=False)
    assert (await remind(placed, token, **GERMAN)).json()["code"] == "nothing_to_wait_for", "off everywhere"
    await set_rights(placed)
    await take_down(placed, moment["id"])
    assert (await remind(placed, token)).json()["code"] == "nothing_to_wait_for"
    assert (await remind(placed, token[:-1] + "0")).json()["code"] == "link_forged"
    unsigned = await placed.http.post("/v1/reminders", json={"share": token})
    assert unsigned.status_code == 401


async def test_a_reminder_goes_with_whoever_is_erased(placed: App, moment: dict[str, Any]) -> None:
    token = (await shared(placed, moment=moment["id"]))["token"]
    await off_in(placed, "DE")
    await remind(placed, token, **GERMAN)
    eraser = await placed.service_key("viewers:erase", "reminders:read")
    assert (await placed.http.delete("/v1/viewers/ben", headers=eraser)).status_code == 204
    assert await waiting(placed) == []


async def test_pages_of_what_is_due_end(placed: App, moment: dict[str, Any]) -> None:
    token = (await shared(placed, moment=moment["id"]))["token"]
    rule = await off_in(placed, "DE")
    for who in ("ben", "cleo", "dora"):
        answer = await placed.http.post("/v1/reminders", json={"share": token}, headers=placed.signed_in(who) | GERMAN)
        assert answer.status_code == 201
    await placed.http.delete(f"/v1/rights/{rule}", headers=placed.signed_in("ravi", "rights"))
    key, cursor, told = await placed.service_key("reminders:read"), None, []
    for _ in range(4):
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        found = (await placed.http.get("/v1/reminders/due", params=params, headers=key)).json()
        told += [each["subject"] for each in found["items"]]
        cursor = found["next"]
        if cursor is None:
            break
    assert sorted(told) == ["ben", "cleo", "dora"]
