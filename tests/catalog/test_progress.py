"""How far viewers have got."""

from typing import Any

import pytest

from tests.catalog.rows import S, add_title
from tests.support import App


@pytest.fixture
async def shelf(app: App) -> App:
    async with app.runtime.database.transaction() as session:
        await add_title(session, "fog", duration_us=100 * S)
    return app


async def position(app: App, at_s: int, headers: dict[str, str], **body: Any) -> Any:
    answer = await app.http.put("/v1/progress", json={"title": "fog", "position_us": at_s * S, **body}, headers=headers)
    return answer.json().get("position_us") if answer.status_code == 200 else answer.json()["code"]


async def test_the_furthest_counts_and_the_end_is_the_end(shelf: App) -> None:
    ada = shelf.signed_in("ada")
    assert [await position(shelf, at, ada) for at in (40, 10, 60, 5000)] == [40 * S, 40 * S, 60 * S, 100 * S]
    assert await position(shelf, 5, shelf.signed_in("bob")) == 5 * S


async def test_the_service_speaks_for_its_viewers(shelf: App) -> None:
    key = await shelf.service_key("progress:write")
    assert await position(shelf, 30, key, viewer="ada") == "viewer_unknown"
    await shelf.http.get("/v1/me", headers=shelf.signed_in("ada"))
    assert await position(shelf, 30, key, viewer="ada") == 30 * S
    assert await position(shelf, 30, key) == "invalid"
    assert await position(shelf, 30, await shelf.service_key("reports:read"), viewer="ada") == "scope_missing"


async def test_nobody_else_does(shelf: App) -> None:
    assert await position(shelf, 30, {}) == "token_missing"
    assert await position(shelf, 30, shelf.signed_in("ada"), viewer="bob") == "invalid"
    assert await position(shelf, 30, shelf.signed_in("ada"), viewer="ada") == 30 * S
    assert await position(shelf, -1, shelf.signed_in("ada")) == "invalid"
    assert await position(shelf, 30, shelf.signed_in("ada"), title="none") == "title_unknown"
