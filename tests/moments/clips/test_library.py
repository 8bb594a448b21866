"""My moments: narrowed, page by page; several deleted together; changed after sharing."""

from typing import Any
from uuid import UUID

import pytest

from tests.moments.clipping import clip, clipped, set_rights, take_down
from tests.support import App

LIMITLESS = {"viewer_total_percent": 100, "title_total_percent": 100}


async def listed(app: App, subject: str = "ada", **params: Any) -> list[str]:
    answer = await app.http.get("/v1/moments", params=params, headers=app.signed_in(subject))
    assert answer.status_code == 200, answer.text
    return [item["caption"] for item in answer.json()["items"]]


@pytest.fixture
async def three(app: App, title: UUID) -> list[dict[str, Any]]:
    """Three moments of Ada's: one for all, one with a note, one of hers alone."""
    await set_rights(app, **LIMITLESS)
    made = [
        await clipped(app, caption="100% light", visibility="public"),
        await clipped(app, start=12, end=17, caption="Dark_ness"),
        await clipped(app, start=14, end=19, caption="Mine", visibility="private"),
    ]
    note = {"note": "For Noor’s birthday"}
    answer = await app.http.patch(f"/v1/moments/{made[1]['id']}", json=note, headers=app.signed_in())
    assert answer.status_code == 200
    return made


@pytest.mark.slow
async def test_they_are_narrowed_by_words_visibility_and_title(app: App, three: list[dict[str, Any]]) -> None:
    assert await listed(app) == ["Mine", "Dark_ness", "100% light"]
    assert await listed(app, visibility="private") == ["Mine"]
    assert await listed(app, q="LIGHT") == ["100% light"]
    assert await listed(app, q="birthday") == ["Dark_ness"]
    assert await listed(app, q="%") == ["100% light"], "a wildcard typed is a character"
    assert await listed(app, q="_") == ["Dark_ness"]
    assert await listed(app, title="numbers", q="mine") == ["Mine"]
    assert await listed(app, "noor") == []


@pytest.mark.slow
async def test_what_cannot_be_shown_is_found_across_pages(app: App, three: list[dict[str, Any]]) -> None:
    await take_down(app, three[0]["id"])
    assert await listed(app, available=False) == ["100% light"]
    assert await listed(app, available=True) == ["Mine", "Dark_ness"]
    first = (await app.http.get("/v1/moments?available=false&limit=1", headers=app.signed_in())).json()
    assert [item["unavailable_reason"]["code"] for item in first["items"]] == ["taken_down"]
    assert await listed(app, available=False, limit=1, cursor=first["next"]) == []


@pytest.mark.slow
async def test_several_are_deleted_together_or_not_at_all(app: App, three: list[dict[str, Any]]) -> None:
    theirs = await clipped(app, "noor", caption="Hers")

    async def delete(*names: str) -> Any:
        return await app.http.post("/v1/moments/delete", json={"moments": names}, headers=app.signed_in())

    refused = await delete(three[0]["id"], theirs["id"])
    assert (refused.status_code, refused.json()["code"]) == (404, "moment_unknown")
    assert len(await listed(app)) == 3
    done = await delete(three[0]["id"], three[0]["code"], three[1]["code"])
    assert (done.status_code, done.json()) == (200, {"deleted": 2})
    assert await listed(app) == ["Mine"]
    assert (await delete(three[0]["id"])).json() == {"deleted": 0}
    assert (await delete()).status_code == 422
    assert (await delete(*(["x"] * 101))).status_code == 422
    assert await listed(app, "noor") == ["Hers"]


async def test_a_visitor_has_none_to_delete(app: App, three: list[dict[str, Any]]) -> None:
    answer = await app.http.post("/v1/moments/delete", json={"moments": [three[0]["id"]]})
    assert (answer.status_code, answer.json()["code"]) == (401, "token_missing")


async def test_a_title_that_is_not_there_is_said(app: App, three: list[dict[str, Any]]) -> None:
    answer = await app.http.get("/v1/moments?title=nowhere", headers=app.signed_in())
    assert answer.json()["code"] == "title_unknown"
    assert (await clip(app, start=5, end=4)).json()["code"] == "start_not_before_end"
