"""Least power: every role and every key does what the table says, and nothing else."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from groundswell.accounts.audit import GENESIS, ChainBroken, chained, exported, read_export, verified_through, verify
from groundswell.accounts.keys import SCOPES, revoke_key
from groundswell.accounts.powers import POWERS
from groundswell.accounts.tables import AuditEntry
from groundswell.accounts.tokens import STAFF_ROLES
from groundswell.platform.openapi_security import power_of
from groundswell.web.route_powers import every_route, powers_of
from tests.support import App

REFUSED = {"role_missing", "scope_missing", "service_key_invalid", "token_missing", "token_invalid"}


def reason(answer: httpx.Response) -> str | None:
    """The reason code of a refusal, of the API or of a page."""
    if answer.status_code not in {401, 403}:
        return None
    if "json" in answer.headers.get("content-type", ""):
        return str(answer.json().get("code"))
    return next((code for code in REFUSED if code in answer.text), "refused")


def test_the_table_is_whole(app_routes: dict[str, list[tuple[str, str]]]) -> None:
    assert set(app_routes) <= set(POWERS)
    assert {"rights.manage", "campaigns.manage", "experiments.manage", "money.manage", "audit.read"} <= set(app_routes)
    for power in POWERS.values():
        assert power.roles <= STAFF_ROLES - {"admin"}
        assert power.scopes <= set(SCOPES)
    assert set(SCOPES) == {scope for power in POWERS.values() for scope in power.scopes}, "no scope is good for nothing"


@pytest.fixture
def app_routes(app: App) -> dict[str, list[tuple[str, str]]]:
    return powers_of(app.asgi.router)


@pytest.mark.slow
async def test_every_role_can_do_what_the_table_says_and_nothing_else(app: App) -> None:
    app.runtime.settings.reports_fresh_s = 600  # who may ask is asked of everybody, reports are computed once
    looked_at, people = 0, {role: app.signed_in(f"p-{role}", role) for role in sorted(STAFF_ROLES)}
    for route in every_route(app.asgi.router):
        power = power_of(route)
        if power is None or route.path.endswith("/stream"):
            continue
        method = sorted(route.methods or ())[0]
        names = {name: str(uuid4()) for name in route.param_convertors}
        path = route.path.format(**names)
        about = POWERS[power]
        for role, headers in people.items():
            answer = await app.http.request(method, path, headers=headers)
            allowed = (bool(about.roles) and role in {*about.roles, "admin"}) or (role == "admin" and not about.scopes)
            refused = reason(answer) in {"role_missing", "service_key_invalid"}
            assert refused is not allowed, (method, path, role, answer.status_code, answer.text[:200])
            looked_at += 1
    assert looked_at > 200


@pytest.mark.slow
async def test_every_key_can_do_what_the_table_says_and_nothing_else(app: App) -> None:
    keys = {scope: await app.service_key(scope) for scope in SCOPES}
    for route in every_route(app.asgi.router):
        power = power_of(route)
        if power is None or not route.path.startswith("/v1/"):
            continue
        method = sorted(route.methods or ())[0]
        path = route.path.format(**{name: str(uuid4()) for name in route.param_convertors})
        for scope, headers in keys.items():
            answer = await app.http.request(method, path, headers=headers, json={})
            allowed = scope in POWERS[power].scopes
            assert (reason(answer) in REFUSED) is not allowed, (method, path, scope, answer.status_code, answer.text)


async def test_keys_that_read_reports_make_no_experiments_and_finance_no_campaigns(app: App) -> None:
    reader = await app.service_key("reports:read")
    body = {"key": "sheet", "name": "The sheet", "subject": "sharing", "unit": "viewer"}
    for who in (reader, app.signed_in("fay", "finance"), app.signed_in("ravi", "rights")):
        for path in ("/v1/experiments", "/v1/experiments/sheet/stop"):
            answer = await app.http.post(path, json=body, headers=who)
            assert answer.status_code in {401, 403}, answer.text
    fay = app.signed_in("fay", "finance")
    assert (await app.http.get("/console/campaigns", headers=fay)).status_code == 200
    form = {"name": "Autumn", "key": "autumn", "begins": "2026-09-01", "ends": "2026-12-01"}
    assert (await app.http.post("/console/campaigns", data=form, headers=fay)).status_code == 403
    assert (await app.http.post("/console/experiments", data=form, headers=fay)).status_code == 403


async def test_who_has_lost_a_power_gets_no_stored_answer(app: App) -> None:
    key = await app.service_key("conversions:write")
    again = {"Idempotency-Key": "once"}
    sign_up = {"id": "s-1", "kind": "sign_up", "viewer": "ada", "at": "2026-11-01T00:00:00Z"}
    await app.http.get("/v1/me", headers=app.signed_in())
    first = await app.http.post("/v1/conversions", json=sign_up, headers=key | again)
    assert first.is_success, first.text
    async with app.runtime.database.transaction() as session:
        assert await revoke_key(session, "test") == 1
    refused = await app.http.post("/v1/conversions", json=sign_up, headers=key | again)
    assert (refused.status_code, refused.json()["code"]) == (401, "service_key_invalid")
    begun = {"key": "sheet", "name": "The sheet", "subject": "sharing", "unit": "viewer"}
    mira = await app.http.post("/v1/experiments", json=begun, headers=app.signed_in("mira", "marketer") | again)
    assert mira.is_success, mira.text
    demoted = await app.http.post("/v1/experiments", json=begun, headers=app.signed_in("mira") | again)
    assert (demoted.status_code, demoted.json()["code"]) == (403, "role_missing")


async def test_who_asks_is_known_before_what_they_say_is_looked_at(app: App) -> None:
    for headers in ({}, {"Authorization": "Bearer gsk_none"}):
        answer = await app.http.put("/v1/progress", json={"nonsense": 1}, headers=headers)
        assert answer.status_code == 401, answer.text
    reader = await app.service_key("reports:read")
    assert (await app.http.put("/v1/progress", json={"x": 1}, headers=reader)).status_code == 403


async def rows_of(app: App) -> list[tuple[int, str, bytes]]:
    async with app.runtime.database.transaction() as session:
        found = await session.execute(text("SELECT seq, entry, hash FROM audit_log ORDER BY seq"))
        return [(seq, entry, bytes(hash)) for seq, entry, hash in found]


async def some_history(app: App) -> None:
    ravi, ada = app.signed_in("ravi", "rights"), app.signed_in()
    await app.http.put("/v1/rights", json={"scope": "all", "sharing": True}, headers=ravi)
    await app.http.put("/v1/rights", json={"scope": "all", "sharing": "x"}, headers=ravi)
    await app.http.get("/v1/me", headers=ada)
    await app.http.get("/v1/rights", headers=ravi)
    reader = await app.service_key("reports:read")
    for _ in range(3):
        await app.http.get("/v1/reports/loop", headers=reader)
    body = {"key": "sheet", "name": "The sheet", "subject": "sharing", "unit": "viewer"}
    await app.http.post("/v1/experiments", json=body, headers=app.signed_in("mira", "marketer"))


@pytest.mark.slow
async def test_what_staff_and_keys_do_is_recorded_once_with_whom_and_from_where(app: App) -> None:
    await some_history(app)
    rows = await rows_of(app)
    told = [AuditEntry(seq=seq, entry=entry).told for seq, entry, _ in rows]
    assert [each["action"] for each in told] == ["PUT /v1/rights", "GET /v1/reports/loop", "POST /v1/experiments"]
    assert [each["name"] for each in told] == ["Ravi", "test", "Mira"]
    assert all(each["address"] == "127.0.0.1" for each in told)
    assert told[0]["actor"].startswith("viewer:")
    assert told[1]["actor"].startswith("key:")
    assert told[0]["subject"]["made"]
    assert verify(rows)[0] == 3


@pytest.mark.slow
async def test_the_audit_log_cannot_be_changed_even_in_the_database(app: App) -> None:
    await some_history(app)
    for statement in ("UPDATE audit_log SET entry = '{}'", "DELETE FROM audit_log", "TRUNCATE audit_log"):
        with pytest.raises(DBAPIError, match="append-only"):
            async with app.runtime.database.transaction() as session:
                await session.execute(text(statement))
    forged = text("INSERT INTO audit_log VALUES (7, :entry, 'x', 'y', now())")
    async with app.runtime.database.transaction() as session:
        entry = {"at": "2020-01-01T00:00:00+00:00", "actor": "viewer:x"}
        await session.execute(forged, {"entry": json.dumps(entry)})
    assert verify(await rows_of(app))[0] == 4, "what is slipped in is chained like the rest, at the end"


@pytest.mark.slow
async def test_every_tampering_shows(app: App) -> None:
    await some_history(app)
    rows = await rows_of(app)
    changed = [rows[0], (2, rows[1][1].replace("test", "nobody"), rows[1][2]), rows[2]]
    rehashed = [rows[0], (2, changed[1][1], chained(rows[0][2], 2, changed[1][1])), rows[2]]
    for bad in (changed, rehashed, [rows[0], rows[2]], rows[1:], [rows[1], rows[0], rows[2]]):
        with pytest.raises(ChainBroken):
            verify(bad)
    assert verify([]) == (0, GENESIS)
    with pytest.raises(ChainBroken, match="cut off"):
        verified_through(rows[:2], rows[2][2])
    assert verified_through(rows, rows[1][2])[0] == 3


@pytest.mark.slow
async def test_the_log_is_read_verified_and_exported_by_admins_alone(app: App) -> None:
    await some_history(app)
    admin = app.signed_in("ava", "admin")
    page = await app.http.get("/console/audit?verify=true", headers=admin)
    assert (page.status_code, "3 entries" in page.text, "PUT /v1/rights" in page.text) == (200, True, True)
    answer = await app.http.get("/console/audit/audit.jsonl", headers=admin)
    assert verified_through(read_export(answer.text.splitlines()), None)[0] == 3
    for role in sorted(STAFF_ROLES - {"admin"}):
        for path in ("/console/audit", "/console/audit/audit.jsonl"):
            assert (await app.http.get(path, headers=app.signed_in("x", role))).status_code == 403


async def test_an_action_that_is_undone_leaves_no_entry(app: App) -> None:
    ravi = app.signed_in("ravi", "rights")
    missing = await app.http.delete(f"/v1/rights/{uuid4()}", headers=ravi)
    assert missing.status_code == 404
    assert await rows_of(app) == []


def test_an_export_that_is_none_says_so() -> None:
    row = AuditEntry(seq=1, entry='{"é": 1}', hash=chained(GENESIS, 1, '{"é": 1}'))
    assert verified_through(read_export([exported(row)]), None)[0] == 1
    broken: Any
    for broken in ("", "{}", "[]", '{"seq": 1}', '{"seq": "x", "entry": "", "hash": "zz"}'):
        with pytest.raises(ChainBroken):
            list(read_export([broken]))
