"""What pages and services report: committed when answered, or refused whole with the reason and the event."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from groundswell.accounts.keys import revoke_key
from groundswell.accounts.tables import Viewer
from groundswell.events.ingest.refused_plays import LEAST
from groundswell.events.signals import PlaysRefused
from groundswell.events.tables import LoggedEvent
from groundswell.platform.clock import utc_now
from tests.events.places import Shared, make_shared, viewer
from tests.events.tickets import BROWSER, played, share_played, ticket
from tests.support import App, hearing


@pytest.fixture
async def shared(app: App) -> Shared:
    return await make_shared(app.runtime.database, app.runtime.settings)


@pytest.fixture
async def service(app: App) -> dict[str, str]:
    return await app.service_key("events:write")


@pytest.fixture(scope="module")
async def known_to_all(shared_app: App) -> tuple[Shared, dict[str, str]]:
    """A share, and the headers of a service, for what is refused."""
    shared = await make_shared(shared_app.runtime.database, shared_app.runtime.settings)
    return shared, await shared_app.service_key("events:write")


async def logged(app: App) -> list[LoggedEvent]:
    async with app.runtime.database.transaction() as session:
        return list(await session.scalars(select(LoggedEvent).order_by(LoggedEvent.at, LoggedEvent.id)))


def play(**fields: Any) -> dict[str, Any]:
    return {"events": [{"kind": "play", **fields}]}


async def test_a_page_reports_a_play(app: App, shared: Shared) -> None:
    answer = await share_played(
        app, shared.token, shared.share.id, headers={"Referer": "https://www.example.org/secret?q=1"}
    )
    assert answer.json() == {"status": "committed", "events": 1}
    (row,) = await logged(app)
    assert (row.kind, row.share_id, row.moment_id, row.title_id, row.channel, row.verdict) == (
        "play",
        shared.share.id,
        shared.moment.id,
        shared.title.id,
        "x",
        "human",
    )
    assert row.inputs is not None
    assert len(row.inputs.pop("household")) == len(row.inputs.pop("network")) == 12
    assert row.inputs == {"ua": BROWSER, "referrer": "www.example.org", "watched_ms": 6000}
    assert row.visitor is not None
    assert len(row.visitor) == 22
    assert "127.0.0.1" not in str(row.inputs) + row.visitor


async def test_plays_of_one_visitor_are_one_visitor_and_of_two_are_two(app: App, shared: Shared) -> None:
    for browser in (BROWSER, BROWSER, BROWSER + " Edg/126"):
        visit = await ticket(app, moment=shared.moment.id, browser=browser)
        body = played(visit, moment=shared.moment.code)
        assert (await app.http.post("/v1/events", json=body, headers={"User-Agent": browser})).is_success
    visitors = [row.visitor for row in await logged(app)]
    assert (len(visitors), len(set(visitors))) == (3, 2)


async def test_a_visitor_who_opts_out_is_counted_and_not_told_apart(app: App, shared: Shared) -> None:
    await share_played(app, shared.token, shared.share.id, headers={"Sec-GPC": "1"})
    (row,) = await logged(app)
    assert (row.verdict, row.visitor, row.inputs) == (
        "human",
        None,
        {"ua": BROWSER, "watched_ms": 6000, "sec-gpc": "1"},
    )


async def test_a_signed_in_viewer_is_known(app: App, shared: Shared) -> None:
    await share_played(app, shared.token, shared.share.id, headers=app.signed_in("ada"))
    (row,) = await logged(app)
    async with app.runtime.database.transaction() as session:
        assert row.viewer_id == await session.scalar(select(Viewer.id).filter_by(subject="ada"))


async def test_a_robot_is_kept_with_its_verdict(app: App, shared: Shared) -> None:
    await share_played(app, shared.token, shared.share.id, browser="curl/8.0")
    (row,) = await logged(app)
    assert row.verdict == "robot"
    assert "http-library" in (row.verdict_reason or "")
    assert "crawler-user-agents" in (row.verdict_rule or "")


async def test_a_service_reports_what_it_saw(app: App, shared: Shared, service: dict[str, str]) -> None:
    async with app.runtime.database.transaction() as session:
        ada = await viewer(session, "ada")
    at = utc_now() - timedelta(days=40)
    event = {
        "id": str(uuid4()),
        "kind": "click",
        "at": at.isoformat(),
        "share": str(shared.share.id),
        "viewer": "ada",
        "visitor": "device-7",
        "territory": "FR",
        "user_agent": BROWSER,
    }
    robot = event | {"id": str(uuid4()), "user_agent": "Googlebot/2.1 (+http://www.google.com/bot.html)"}
    answer = await app.http.post("/v1/events", json={"events": [event, robot]}, headers=service)
    assert answer.json()["events"] == 2
    person, crawler = sorted(await logged(app), key=lambda row: row.verdict or "")
    assert (str(person.id), person.at, person.viewer_id, person.territory) == (event["id"], at, ada.id, "FR")
    assert person.visitor == crawler.visitor != "device-7"
    assert (person.verdict, crawler.verdict) == ("human", "robot")


async def test_a_repeat_is_stored_once_and_a_contradiction_refused(
    app: App, shared: Shared, service: dict[str, str]
) -> None:
    event = {"id": str(uuid4()), "kind": "play", "at": utc_now().isoformat(), "share": shared.token}
    for _ in range(2):
        answer = await app.http.post("/v1/events", json={"events": [event]}, headers=service)
        assert answer.status_code == 200
    answer = await app.http.post("/v1/events", json={"events": [event | {"kind": "click"}]}, headers=service)
    assert (answer.status_code, answer.json()["code"]) == (409, "event_conflict")
    assert answer.json()["events"] == [event["id"]]
    assert [row.kind for row in await logged(app)] == ["play"]


async def test_twice_in_one_batch_is_once(app: App, service: dict[str, str]) -> None:
    event = {"id": str(uuid4()), "kind": "play", "at": utc_now().isoformat()}
    answer = await app.http.post("/v1/events", json={"events": [event, event]}, headers=service)
    assert answer.status_code == 200
    assert len(await logged(app)) == 1
    contradiction = [event | {"id": str(uuid4())}] * 2
    contradiction[1] = contradiction[1] | {"channel": "sms"}
    answer = await app.http.post("/v1/events", json={"events": contradiction}, headers=service)
    assert answer.json()["code"] == "event_conflict"
    assert len(await logged(app)) == 1


async def test_a_repeated_idempotency_key_without_ids_stores_once(app: App, shared: Shared) -> None:
    headers = {"User-Agent": BROWSER, "Idempotency-Key": "k1"}
    body = played(await ticket(app, share=shared.share.id), share=shared.token)
    answers = [await app.http.post("/v1/events", json=body, headers=headers) for _ in range(2)]
    assert [answer.json() for answer in answers] == [{"status": "committed", "events": 1}] * 2
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert len(await logged(app)) == 1
    other = await app.http.post("/v1/events", json=play(moment=shared.moment.code), headers=headers)
    assert other.json()["code"] == "idempotency_key_reused"


def at(**ago: int) -> str:
    return (utc_now() - timedelta(**ago)).isoformat()


@pytest.mark.parametrize(
    ("event", "status", "code"),
    [
        ({"kind": "play", "at": "1970-01-01T00:00:00Z"}, 422, "event_too_old"),
        ({"kind": "play", "at": at(days=401)}, 422, "event_too_old"),
        ({"kind": "play", "at": at(days=-1)}, 422, "event_in_future"),
        ({"kind": "play", "at": "8999-12-31T23:59:59.999999+00:00"}, 422, "event_in_future"),
        ({"kind": "play", "at": "9999-12-31T23:59:59.999999+00:00"}, 422, "invalid"),
        ({"kind": "play", "at": "2026-01-01T00:00:00"}, 422, "invalid"),
        ({"kind": "play", "at": "yesterday"}, 422, "invalid"),
        ({"kind": "dance"}, 422, "unknown_kind"),
        ({"kind": None}, 422, "unknown_kind"),
        ({}, 422, "unknown_kind"),
        ({"kind": "subscription"}, 422, "kind_reserved"),
        ({"kind": "share"}, 422, "kind_reserved"),
        ({"kind": "play", "share": "forgedtoken12345"}, 422, "reference_unknown"),
        ({"kind": "play", "share": str(uuid4())}, 422, "reference_unknown"),
        ({"kind": "play", "moment": "nosuchcode"}, 422, "reference_unknown"),
        ({"kind": "play", "title": str(uuid4())}, 422, "reference_unknown"),
        ({"kind": "play", "viewer": "nobody"}, 422, "reference_unknown"),
        ({"kind": "play", "id": "not-a-uuid"}, 422, "invalid"),
        ({"kind": "play", "visitor": "a\u0000b"}, 422, "invalid"),
        ({"kind": "play", "channel": "x\ty"}, 422, "invalid"),
        ({"kind": "play", "territory": "DEU"}, 422, "invalid"),
        ({"kind": "play", "title": "x" * 10_000}, 422, "invalid"),
        ({"kind": "play", "user_agent": "x" * 10_000}, 422, "invalid"),
        ({"kind": "play", "ip": "10.0.0.1"}, 422, "invalid"),
    ],
)
async def test_a_bad_event_refuses_its_batch_and_names_itself(
    shared_app: App, known_to_all: tuple[Shared, dict[str, str]], event: dict[str, Any], status: int, code: str
) -> None:
    shared, service = known_to_all
    batch = {"events": [{"kind": "play", "share": shared.token}, event]}
    answer = await shared_app.http.post("/v1/events", json=batch, headers=service)
    assert (answer.status_code, answer.json()["code"], answer.json().get("index")) == (status, code, 1)
    assert answer.headers["content-type"] == "application/problem+json"
    assert await logged(shared_app) == []


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'{"events": []}', b'{"events": 5}', b"\xff\xfe", b'{"events":[{"kind":"play"}],"x":1}',
     b'{"events":' + b"[" * 100_000],
)  # fmt: skip
async def test_what_is_no_batch_is_refused(shared_app: App, body: bytes) -> None:
    answer = await shared_app.http.post("/v1/events", content=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_a_body_of_10_mb_is_refused_with_and_without_its_length(app: App) -> None:
    body = b'{"events": [' + b" " * 10_000_000 + b"]}"
    answer = await app.http.post("/v1/events", content=body)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")

    async def pieces() -> Any:
        for start in range(0, len(body), 100_000):
            yield body[start : start + 100_000]

    answer = await app.http.post("/v1/events", content=pieces())
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_a_batch_over_the_limit_is_refused(app: App, service: dict[str, str]) -> None:
    answer = await app.http.post("/v1/events", json={"events": [{"kind": "play"}] * 1001}, headers=service)
    assert (answer.status_code, answer.json()["code"], answer.json()["limit"]) == (413, "batch_too_large", 1000)


async def test_references_that_do_not_belong_together_are_refused(
    app: App, shared: Shared, service: dict[str, str]
) -> None:
    other = await make_shared(app.runtime.database, app.runtime.settings)
    visit = await ticket(app, share=shared.share.id)
    for event in (
        {"share": shared.token, "moment": other.moment.code},
        {"share": shared.token, "title": other.title.slug},
        {"moment": shared.moment.code, "title": other.title.slug},
    ):
        answer = await app.http.post("/v1/events", json=play(**event), headers=service)
        assert answer.json()["code"] == "references_disagree"
        answer = await app.http.post("/v1/events", json=play(**event, visit=visit))
        assert answer.json()["code"] == "visit_invalid", "a page does not learn what there is"
    named = {"share": shared.token, "moment": shared.moment.code, "title": shared.title.slug}
    agreeing = played(await ticket(app, share=shared.share.id), **named)
    assert (await app.http.post("/v1/events", json=agreeing, headers={"User-Agent": BROWSER})).status_code == 200


@pytest.mark.parametrize(
    "event",
    [
        {"kind": "click"},
        {"kind": "play", "viewer": "ada"},
        {"kind": "play", "visitor": "v"},
        {"kind": "play", "at": "2026-11-01T00:00:00Z"},
        {"kind": "play", "id": "0199f3c1-0000-7000-8000-000000000000"},
    ],
)
async def test_a_page_may_not_speak_for_the_service(shared_app: App, event: dict[str, Any]) -> None:
    answer = await shared_app.http.post("/v1/events", json={"events": [event]})
    assert (answer.status_code, answer.json()["code"]) == (403, "service_key_needed")


async def test_plays_refused_are_told_once_when_they_are_many(
    shared_app: App, known_to_all: tuple[Shared, dict[str, str]]
) -> None:
    shared, _ = known_to_all
    refused = {"kind": "play", "share": shared.token}
    with hearing(PlaysRefused) as heard:
        for count, told in ((LEAST - 1, 0), (1, 1), (LEAST, 1)):
            answer = await shared_app.http.post("/v1/events", json={"events": [refused] * count})
            assert answer.json()["code"] == "visit_missing"
            assert len(heard) == told
    (said,) = heard
    assert (said.moment_id, said.share_id) == (shared.moment.id, shared.share.id)
    assert (said.code, said.count) == ("visit_missing", LEAST)


async def test_keys_that_will_not_do(app: App, service: dict[str, str]) -> None:
    unknown = await app.http.post("/v1/events", json=play(), headers={"Authorization": "Bearer gsk_unknown"})
    assert (unknown.status_code, unknown.json()["code"]) == (401, "service_key_invalid")
    other = await app.http.post("/v1/events", json=play(), headers=await app.service_key("reports:read"))
    assert (other.status_code, other.json()["code"]) == (403, "scope_missing")


async def test_a_revoked_key_stops_working_at_once(app: App, service: dict[str, str]) -> None:
    assert (await app.http.post("/v1/events", json=play(), headers=service)).status_code == 200
    async with app.runtime.database.transaction() as session:
        await revoke_key(session, "test")
    async with asyncio.timeout(5):
        while (answer := await app.http.post("/v1/events", json=play(), headers=service)).status_code == 200:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert answer.json()["code"] == "service_key_invalid"


@pytest.mark.slow
async def test_the_contract_is_published(app: App) -> None:
    document = (await app.http.get("/v1/openapi.json")).json()
    body = document["paths"]["/v1/events"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(body["properties"]["events"]["items"]["properties"]) >= {"kind", "id", "at", "share"}
    assert "$defs" not in body
