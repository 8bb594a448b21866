"""Money over HTTP: from a funded pool to a payout, who may see it, and what is refused."""

import csv
import io
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from groundswell.platform.clock import utc_now
from tests.support import App

from .world import World, build, closed_month, in_closed_month


@pytest.fixture
async def world(app: App) -> World:
    return await build(app.runtime.database)


async def become(app: App, world: World, subject: str) -> None:
    headers = app.signed_in(subject)
    answer = await app.http.post("/v1/creators", json={"handle": subject, "display_name": subject}, headers=headers)
    assert answer.status_code == 201, answer.text
    async with world.database.transaction() as session:
        found = await session.scalar(text("SELECT viewer_id FROM creators WHERE handle = :h"), {"h": subject})
    world.viewers[subject] = found


def new_pool(**changes: Any) -> dict[str, Any]:
    return {"period": closed_month(), "amount_minor": 500_000, "currency": "EUR", "basis": "plays"} | changes


@pytest.mark.slow
async def test_from_a_pool_to_a_payout(app: App, world: World) -> None:
    await become(app, world, "noor")
    await become(app, world, "kofi")
    await world.moment("noor", "kiss")
    await world.moment("kofi", "rain")
    await world.happen("kiss", "play", "v1", "v2", at=in_closed_month())
    await world.happen("rain", "play", "v1", at=in_closed_month())
    fay = app.signed_in("fay", "finance")

    pool = (await app.http.post("/v1/pools", json=new_pool(), headers=fay)).json()
    assert (pool["status"], pool["left_minor"], pool["statements"]) == ("funded", 500_000, 0)
    started = await app.http.post(f"/v1/pools/{pool['id']}/run", headers=fay)
    assert started.status_code == 202
    await app.run_jobs()
    pool = (await app.http.get(f"/v1/pools/{pool['id']}", headers=fay)).json()
    assert (pool["status"], pool["left_minor"], pool["statements"], pool["weight"]) == ("divided", 0, 2, 3)
    assert "one per visitor" in pool["counts"]
    assert [each["id"] for each in (await app.http.get("/v1/pools", headers=fay)).json()["items"]] == [pool["id"]]
    again = await app.http.post(f"/v1/pools/{pool['id']}/run", headers=fay)
    assert (again.status_code, again.json()["code"]) == (409, "pool_divided")

    listed = (await app.http.get(f"/v1/pools/{pool['id']}/statements?limit=1", headers=fay)).json()
    rest = await app.http.get(f"/v1/pools/{pool['id']}/statements?limit=1&cursor={listed['next']}", headers=fay)
    both = [*listed["items"], *rest.json()["items"]]
    assert [(each["creator"]["handle"], each["amount_minor"]) for each in both] == [
        ("noor", 333_333),
        ("kofi", 166_667),
    ]

    mine = (await app.http.get("/v1/creators/me/statements", headers=app.signed_in("noor"))).json()
    assert [each["id"] for each in mine["items"]] == [both[0]["id"]]
    assert mine["due"] == [
        {
            "currency": "EUR",
            "due_minor": 333_333,
            "held_minor": 0,
            "held_until": None,
            "payable_minor": 333_333,
            "owed_back_minor": 0,
            "minimum_minor": 1000,
            "payable": True,
            "reason_code": None,
        }
    ]
    url = f"/v1/statements/{both[0]['id']}"
    detail = (await app.http.get(url, headers=app.signed_in("noor"))).json()
    assert [(line["caption"], line["weight"]) for line in detail["lines"]] == [("kiss", 2)]
    counted = (await app.http.get(detail["lines"][0]["evidence_url"], headers=app.signed_in("noor"))).json()
    assert len(counted["items"]) == 2
    for path in (url, url + "/evidence"):
        foreign = await app.http.get(path, headers=app.signed_in("kofi"))
        assert foreign.status_code == 404
        assert (await app.http.get(path, headers=fay)).status_code == 200

    own = await app.http.post("/v1/payouts", json={"statement": both[0]["id"]}, headers=fay)
    assert (own.status_code, own.json()["code"]) == (403, "same_person")
    pia = app.signed_in("pia", "finance")
    paid = await app.http.post("/v1/payouts", json={"statement": both[0]["id"], "reference": "SEPA"}, headers=pia)
    assert (paid.status_code, paid.json()["amount_minor"]) == (201, 333_333)
    twice = await app.http.post("/v1/payouts", json={"statement": both[0]["id"]}, headers=fay)
    assert (twice.status_code, twice.json()["code"]) == (409, "statement_paid")
    assert (await app.http.get(url, headers=fay)).json()["status"] == "paid"
    assert [each["id"] for each in (await app.http.get("/v1/payouts", headers=fay)).json()["items"]] == [
        paid.json()["id"]
    ]
    await check_books(app, fay)


async def check_books(app: App, fay: dict[str, str]) -> None:
    trial = (await app.http.get("/v1/ledger/trial-balance", headers=fay)).json()
    assert (trial["balanced"], trial["agrees"], trial["postings"]) == (True, True, 4)
    assert {row["kind"]: row["balance_minor"] for row in trial["rows"]} == {
        "creator": 166_667,
        "funding": -500_000,
        "paid": 333_333,
        "pool": 0,
    }
    first = (await app.http.get("/v1/ledger/postings?limit=3", headers=fay)).json()
    last = (await app.http.get(f"/v1/ledger/postings?limit=3&cursor={first['next']}", headers=fay)).json()
    reasons = [posting["reason"] for posting in first["items"] + last["items"]]
    assert reasons == ["payout", "pool_share", "pool_share", "pool_funded"]
    shares = (await app.http.get("/v1/ledger/postings?reason=pool_share", headers=fay)).json()["items"]
    assert len(shares) == 2
    account = shares[0]["credit"]["id"]
    of_account = (await app.http.get(f"/v1/ledger/postings?account={account}", headers=fay)).json()["items"]
    assert {posting["id"] for posting in of_account} >= {shares[0]["id"]}
    download = await app.http.get(f"/v1/ledger/postings.csv?period={closed_month()}", headers=fay)
    assert download.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(download.text)))
    assert (rows[0]["reason"], rows[0]["credit.kind"]) == ("pool_share", "creator"), "the payout is of this month"
    assert (
        len(list(csv.DictReader(io.StringIO((await app.http.get("/v1/ledger/trial-balance.csv", headers=fay)).text))))
        == 4
    )


IMPOSSIBLE: list[dict[str, Any]] = [
    {"amount_minor": 0},
    {"amount_minor": -1},
    {"amount_minor": 10.5},
    {"amount_minor": "100"},
    {"amount_minor": 10**15 + 1},
    {"amount_minor": 10**10 + 1},
    {"currency": "XXX"},
    {"currency": "DEM"},
    {"currency": "EURO"},
    {"currency": "XXQ"},
    {"currency": "eur"},
    {"period": "2026-13"},
    {"period": "november"},
    {"basis": "vibes"},
    {"surprise": 1},
]


async def test_impossible_pools_are_refused(app: App) -> None:
    for changes in IMPOSSIBLE:
        answer = await app.http.post("/v1/pools", json=new_pool(**changes), headers=app.signed_in("fay", "finance"))
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), changes


async def test_a_pool_too_far_ahead_is_refused(app: App) -> None:
    far = new_pool(period=f"{utc_now().year + 1}-12")
    answer = await app.http.post("/v1/pools", json=far, headers=app.signed_in("fay", "finance"))
    assert (answer.status_code, answer.json()["code"]) == (422, "period_invalid")


async def test_an_idempotency_key_funds_once(app: App) -> None:
    headers = app.signed_in("fay", "finance") | {"Idempotency-Key": "november"}
    answers = [await app.http.post("/v1/pools", json=new_pool(), headers=headers) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    trial = (await app.http.get("/v1/ledger/trial-balance", headers=headers)).json()
    assert trial["postings"] == 1


async def test_only_finance_sees_the_books(app: App) -> None:
    id = uuid4()
    reads = ["/v1/pools", f"/v1/pools/{id}", f"/v1/pools/{id}/statements", "/v1/payouts"]
    reads += [f"/v1/ledger/{name}" for name in ("postings", "postings.csv", "trial-balance", "trial-balance.csv")]
    for path in reads:
        assert (await app.http.get(path)).status_code == 401
        answer = await app.http.get(path, headers=app.signed_in("mira", "marketer"))
        assert (answer.status_code, answer.json()["code"]) == (403, "role_missing")
    for path, body in [
        ("/v1/pools", new_pool()),
        (f"/v1/pools/{id}/run", None),
        ("/v1/payouts", {"statement": str(id)}),
    ]:
        assert (await app.http.post(path, json=body, headers=app.signed_in("noor"))).status_code == 403


async def test_unknown_things_are_not_found(app: App) -> None:
    fay = app.signed_in("fay", "finance")
    for path in (f"/v1/pools/{uuid4()}", f"/v1/pools/{uuid4()}/statements", f"/v1/statements/{uuid4()}"):
        assert (await app.http.get(path, headers=fay)).status_code == 404
    assert (await app.http.post(f"/v1/pools/{uuid4()}/run", headers=fay)).status_code == 404
    assert (await app.http.post("/v1/payouts", json={"statement": str(uuid4())}, headers=fay)).status_code == 404
    missing = await app.http.get("/v1/creators/me/statements", headers=app.signed_in("ada"))
    assert (missing.status_code, missing.json()["code"]) == (404, "creator_missing")
