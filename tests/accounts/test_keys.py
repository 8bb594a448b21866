"""Service keys: shown once, kept as hashes, good for their scopes until revoked."""

import asyncio

import psycopg
import pytest
from sqlalchemy import select

from groundswell.accounts.keys import SCOPES, make_key, revoke_key
from groundswell.accounts.tables import ServiceKey
from groundswell.platform.database import Database
from tests.support import App

TOLD = {"events": [{"kind": "play", "title": "none"}]}


async def test_a_key_is_kept_as_its_hash_alone(database: Database) -> None:
    async with database.transaction() as session:
        keys = [await make_key(session, "back end", [scope]) for scope in SCOPES]
    assert len(set(keys)) == len(SCOPES)
    assert all(key.startswith("gsk_") and len(key) > 40 for key in keys)
    with psycopg.connect(database.url) as connection:
        rows = connection.execute("SELECT service_keys::text FROM service_keys").fetchall()
    assert len(rows) == len(SCOPES)
    for key in keys:
        assert not any(key in text or key.removeprefix("gsk_") in text for (text,) in rows)


@pytest.mark.parametrize("scopes", [["events:read"], ["events:write", "all"], [""]])
async def test_a_scope_that_there_is_not_makes_no_key(database: Database, scopes: list[str]) -> None:
    async with database.transaction() as session:
        with pytest.raises(ValueError, match="unknown scope"):
            await make_key(session, "back end", scopes)
    async with database.transaction() as session:
        assert (await session.scalars(select(ServiceKey))).all() == []


async def test_revoking_ends_every_key_of_a_name_and_no_other(app: App) -> None:
    async with app.runtime.database.transaction() as session:
        ending = [await make_key(session, "old", ["events:write"]) for _ in range(2)]
        staying = await make_key(session, "new", ["events:write"])
    for key in (*ending, staying):
        assert await code_of(app, key) != "service_key_invalid"
    async with app.runtime.database.transaction() as session:
        assert await revoke_key(session, "old") == 2
        assert await revoke_key(session, "old") == 0
        assert await revoke_key(session, "nobody") == 0
    for key in ending:
        await refused(app, key)
    assert await code_of(app, staying) != "service_key_invalid"


async def test_a_key_is_no_viewer_and_a_viewer_is_no_key(app: App) -> None:
    service = await app.service_key(*SCOPES)
    assert (await app.http.get("/v1/me", headers=service)).json()["code"] == "token_missing"
    token = app.signed_in("sam", "admin")["Authorization"].removeprefix("Bearer ")
    answer = await app.http.delete("/v1/viewers/ada", headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["code"] == "service_key_invalid"


@pytest.mark.parametrize("scope", [scope for scope in SCOPES if scope != "events:write"])
async def test_a_key_without_the_scope_is_told_which_it_lacks(shared_app: App, scope: str) -> None:
    answer = await shared_app.http.post("/v1/events", json=TOLD, headers=await shared_app.service_key(scope))
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    assert "events:write" in answer.json()["detail"]


async def refused(app: App, key: str) -> None:
    """Wait until this process has been told that the key is revoked; until then it may still know it."""
    async with asyncio.timeout(20):
        while await code_of(app, key) != "service_key_invalid":
            pass


async def code_of(app: App, key: str) -> str:
    answer = await app.http.post("/v1/events", json=TOLD, headers={"Authorization": f"Bearer {key}"})
    return "" if answer.is_success else str(answer.json()["code"])
