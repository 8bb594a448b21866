"""The audit log's chain, its export, and which requests it remembers."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi import Response
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from groundswell.accounts import audit
from groundswell.accounts.audit import (
    GENESIS,
    READ_AGAIN,
    REFUSALS_AN_HOUR,
    Actor,
    ChainBroken,
    Refusals,
    acts,
    chained,
    entries,
    exported,
    page_of,
    read_export,
    record,
    verified_through,
    verify,
    verify_all,
)
from groundswell.accounts.tables import AuditEntry
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from tests.support import App

KEY, STAFF = Actor("key:1", "back end"), Actor("viewer:7", "Ravi")
Row = tuple[int, str, bytes]


def chain(said: list[str]) -> list[Row]:
    """Entries as the database chains them."""
    rows: list[Row] = []
    for seq, entry in enumerate(said, 1):
        before = rows[-1][2] if rows else GENESIS
        rows.append((seq, entry, chained(before, seq, entry)))
    return rows


chains = st.lists(st.text(max_size=20), min_size=1, max_size=12).map(chain)


@given(chains)
def test_what_was_written_verifies_and_ends_with_the_last_entry(rows: list[Row]) -> None:
    assert verify(rows) == (len(rows), rows[-1][2])
    half = len(rows) // 2
    assert verify(rows[half:], verify(rows[:half])) == verify(rows), "in two pieces as in one"
    assert all(verified_through(rows, head) == verify(rows) for *_, head in rows), "any hash that was noted is met"
    assert verified_through(rows, None) == verify(rows)


@given(chains, st.data())
def test_the_first_entry_that_does_not_fit_is_named(rows: list[Row], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(rows) - 1))
    seq, entry, hash = rows[at]
    changed = [*rows[:at], (seq, entry + "!", hash), *rows[at + 1 :]]
    with pytest.raises(ChainBroken) as broken:
        verify(changed)
    assert (broken.value.seq, str(seq) in str(broken.value)) == (seq, True)
    if at < len(rows) - 1:
        with pytest.raises(ChainBroken) as gap:
            verify([*rows[:at], *rows[at + 1 :]])
        assert gap.value.seq == seq + 1
        assert f"{seq} is missing" in gap.value.why
    with pytest.raises(ChainBroken) as cut:
        verified_through(rows[:at], rows[-1][2])
    assert cut.value.seq == at + 1, "the first entry that was cut off"


@given(chains)
def test_an_export_holds_the_chain_line_by_line(rows: list[Row]) -> None:
    lines = [exported(AuditEntry(seq=seq, entry=entry, hash=hash)) for seq, entry, hash in rows]
    assert list(read_export(lines)) == rows
    with pytest.raises(ChainBroken) as broken:
        list(read_export([*lines, "{}"]))
    assert broken.value.seq == len(lines) + 1


def request(method: str = "POST", actor: Actor | None = STAFF, **scope: Any) -> Request:
    """A request that ``actor`` was let in with."""
    asked = Request(
        {"type": "http", "method": method, "path": "/v1/rights/7", "headers": [], "client": ("10.0.0.7", 5), **scope}
    )
    if actor is not None:
        acts(asked, actor)
    return asked


@dataclass
class Route:
    path: str


async def log(session: AsyncSession) -> list[dict[str, Any]]:
    return [row.told async for row in entries(session)]


async def test_a_change_is_remembered_with_who_what_where_and_how_it_ended(database: Database) -> None:
    asked = request("DELETE", route=Route("/v1/rights/{id}"), path_params={"id": "7"})
    async with database.transaction() as session:
        await record(asked, session, JSONResponse({"id": "made-1", "more": 1}, status_code=201))
        await record(request(client=None), session, RedirectResponse("/console/" + "x" * 400, status_code=303))
    async with database.transaction() as session:
        one, other = await log(session)
        row = await anext(entries(session))
        assert (row.actor, row.made_at.isoformat()) == (STAFF.id, one["at"])
    assert (
        one.items()
        >= {
            "actor": "viewer:7",
            "name": "Ravi",
            "action": "DELETE /v1/rights/{id}",
            "subject": {"id": "7", "made": "made-1"},
            "address": "10.0.0.7",
            "outcome": 201,
        }.items()
    )
    assert (other["action"], other["address"], other["outcome"]) == ("POST /v1/rights/7", None, 303)
    assert len(other["subject"]["leads_to"]) == 300


@pytest.mark.parametrize(
    "answer",
    [
        JSONResponse(["id"]),
        JSONResponse({"id": {"not": "an id"}}),
        JSONResponse({"other": 1}),
        PlainTextResponse('{"id": "7"}'),
        Response(b"{", media_type="application/json"),
        Response(status_code=204),
    ],
)
async def test_an_answer_that_names_nothing_made_adds_nothing(database: Database, answer: Response) -> None:
    async with database.transaction() as session:
        await record(request(), session, answer)
        (entry,) = await log(session)
    assert entry["subject"] == {}
    assert entry["outcome"] == answer.status_code


async def test_reading_is_remembered_of_keys_alone_and_once_an_hour(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, answer = utc_now(), JSONResponse({})
    async with database.transaction() as session:
        for actor in (STAFF, None):
            for method in ("GET", "HEAD", "OPTIONS"):
                await record(request(method, actor), session, answer)
        await record(request("POST", None), session, answer)
        assert await log(session) == [], "what staff look at is not recorded, nor what viewers do"
        for later, count in ((0, 1), (1, 1), (59, 1), (61, 2), (62, 2), (120, 2), (122, 3)):
            monkeypatch.setattr(audit, "utc_now", lambda later=later: now + timedelta(minutes=later))
            await record(request("GET", KEY), session, answer)
            assert len(await log(session)) == count, later
        await record(request("GET", replace(KEY, id="key:2")), session, answer)
        assert len(await log(session)) == 4, "another key has an hour of its own"
        await record(request("POST", KEY), session, answer)
        assert len(await log(session)) == 5, "a change is always recorded"
    assert timedelta(hours=1) == READ_AGAIN


async def test_the_log_is_read_whole_in_batches_and_page_by_page(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "A_BATCH", 3)
    async with database.transaction() as session:
        for count in range(8):
            assert (await verify_all(session))[0] == count, "also where the last batch is full, or empty"
            await record(request(actor=KEY if count % 2 else STAFF), session, JSONResponse({}))
        assert [row.seq async for row in entries(session)] == list(range(1, 9))
        assert [row.seq for row in await page_of(session, 3, None, None)] == [8, 7, 6]
        assert [row.seq for row in await page_of(session, 3, 6, None)] == [5, 4, 3]
        assert [row.seq for row in await page_of(session, 9, 7, KEY.id)] == [6, 4, 2]


async def test_an_entry_that_was_rewritten_in_the_database_shows(database: Database) -> None:
    async with database.transaction() as session:
        for _ in range(3):
            await record(request(), session, JSONResponse({}))
        await session.execute(text("SET LOCAL session_replication_role = replica"))
        await session.execute(text("UPDATE audit_log SET entry = replace(entry, 'Ravi', 'Nora') WHERE seq = 2"))
        session.expire_all()
        with pytest.raises(ChainBroken) as broken:
            await verify_all(session)
    assert broken.value.seq == 2


async def refusals(app: App) -> list[tuple[str, str, str]]:
    """Who tried what, and how they were refused."""
    async with app.runtime.database.transaction() as session:
        told = [row.told async for row in entries(session) if "refused" in row.told["subject"]]
    return [(each["actor"], each["action"], each["subject"]["refused"]) for each in told]


async def test_what_is_answered_again_under_its_key_is_recorded_once(app: App) -> None:
    service = await app.service_key("conversions:write") | {"Idempotency-Key": "once"}
    body = {"id": "c1", "kind": "sign_up", "viewer": "ada", "at": utc_now().isoformat()}
    first, again = [await app.http.post("/v1/conversions", json=body, headers=service) for _ in range(2)]
    assert (first.is_success, again.content) == (True, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    async with app.runtime.database.transaction() as session:
        assert len(await page_of(session, 10, None, None)) == 1


async def test_what_staff_and_keys_may_not_is_recorded_once_an_hour(app: App) -> None:
    reads, staff = await app.service_key("reports:read"), app.signed_in("mira", "marketer")
    bad = {"Authorization": "Bearer gsk_made_up"}
    assert (await app.http.get("/v1/me", headers=staff)).is_success
    for _ in range(3):
        assert (await app.http.get("/v1/pools", headers=staff)).status_code == 403
        assert (await app.http.post("/v1/conversions", json={}, headers=reads)).status_code == 403
        for key in (reads, bad):
            answer = await app.http.post("/v1/events", json={"events": [{"kind": "play"}]}, headers=key)
            assert answer.status_code in {401, 403}
        assert (await app.http.get("/v1/pools", headers=app.signed_in("ada"))).status_code == 403
        assert (await app.http.get("/v1/me", headers={"Authorization": "Bearer a.b.c"})).status_code == 401
    async with app.runtime.database.transaction() as session:
        key, viewer = (await session.execute(text("SELECT s.id, v.id FROM service_keys s, viewers v"))).one()
        await verify_all(session)
    assert await refusals(app) == [
        (f"viewer:{viewer}", "GET /v1/pools", "role_missing"),
        (f"key:{key}", "POST /v1/conversions", "scope_missing"),
        (f"key:{key}", "POST /v1/events", "scope_missing"),
        ("nobody", "POST /v1/events", "service_key_invalid"),
    ], "and nothing of viewers, nor of tokens that are none"


def test_nobody_fills_the_log_by_trying() -> None:
    seen = Refusals()
    assert sum(seen.is_news("nobody", f"10.0.{n // 256}.{n % 256}") for n in range(10_000)) == REFUSALS_AN_HOUR
