"""What one person or one key can make: every route that changes something has a bound, and holds it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from starlette.requests import Request

from groundswell.accounts import keys, sessions
from groundswell.accounts.access import COOKIE
from groundswell.accounts.powers import POWERS
from groundswell.accounts.tables import HandOverCode, SignIn
from groundswell.campaigns import lifecycle
from groundswell.insights.experiments import experiments_api
from groundswell.platform.change_pace import DAY_S, MINUTE_S, STAFF_TIMES, VISITORS_TIMES, ChangePace, address_of
from groundswell.platform.openapi_security import power_of
from groundswell.platform.problems import TooManyRequests
from groundswell.platform.settings import Settings
from groundswell.web.route_powers import every_route
from groundswell.web.row_bounds import RowBound, row_bounds
from tests.events.places import Shared, make_shared
from tests.support import App

OVER = (429, "rate_limited")


@pytest.fixture
async def shared(app: App) -> Shared:
    return await make_shared(app.runtime.database, app.runtime.settings)


def reason(answer: httpx.Response) -> tuple[int, str | None]:
    """The status and, of a refusal for its pace, the reason code; a page's says it in words."""
    if "json" in answer.headers.get("content-type", ""):
        return answer.status_code, answer.json().get("code")
    return answer.status_code, "rate_limited" if answer.status_code == 429 and "retry-after" in answer.headers else None


def addresses(app: App, bounds: list[RowBound]) -> dict[RowBound, str]:
    """An address of each route, of things that are not there."""
    names = {route.path: route.param_convertors for route in every_route(app.asgi.router)}
    return {each: each.path.format(**{name: str(uuid4()) for name in names[each.path]}) for each in bounds}


def test_no_route_that_changes_something_is_without_a_bound(app: App) -> None:
    bounds = row_bounds(app.asgi.router)
    assert len(bounds) > 250
    assert [each for each in bounds if not each.is_bounded] == []
    unpaced = [each for each in bounds if not each.paced]
    assert len(unpaced) < 25, "each is an exception, with a reason that somebody has thought about"


@pytest.mark.slow
async def test_a_viewer_is_held_to_their_pace_at_every_route(app: App) -> None:
    """Whatever they ask for, and whether they may: two changes, and no third."""
    app.runtime.settings.changes_per_minute = 2
    by_key = {
        route.path
        for route in every_route(app.asgi.router)
        if (power := power_of(route)) is not None and POWERS[power].scopes
    }
    paced = [each for each in row_bounds(app.asgi.router) if each.paced and each.path not in by_key]
    assert len(paced) > 220
    for number, (bound, address) in enumerate(addresses(app, paced).items()):
        who = app.signed_in(f"viewer-{number}")
        answers = [await app.http.request(bound.method, address, headers=who, json={}) for _ in range(3)]
        assert OVER not in [reason(each) for each in answers[:2]], (bound, answers[1].text)
        assert reason(answers[2]) == OVER, (bound, answers[2].status_code, answers[2].text[:300])
        assert 1 <= int(answers[2].headers["retry-after"]) <= 60


@pytest.mark.slow
async def test_a_key_that_manages_is_held_to_one_and_one_that_reports_is_not(app: App) -> None:
    app.runtime.settings.changes_per_minute = 1
    powers = {route.path: power_of(route) for route in every_route(app.asgi.router)}
    scoped = [each for each in row_bounds(app.asgi.router) if (power := powers[each.path]) and POWERS[power].scopes]
    assert {each.paced for each in scoped} == {True, False}
    for bound, address in addresses(app, scoped).items():
        power = powers[bound.path]
        assert power is not None
        key = await app.service_key(*POWERS[power].scopes)
        answers = [
            reason(await app.http.request(bound.method, address, headers=key, json={})) for _ in range(STAFF_TIMES + 1)
        ]
        assert OVER not in answers[:-1], bound
        assert (answers[-1] == OVER) is bound.paced, (bound, answers[-1])


BAD = {
    "nobody": {},
    "a key that is none": {"Authorization": "Bearer gsk_none"},
    "a token that is none": {"Authorization": "Bearer none"},
    "a session that is none": {"Cookie": f"{COOKIE}=gss_none", "Sec-Fetch-Site": "same-origin"},
}


@pytest.mark.parametrize("who", BAD)
@pytest.mark.parametrize("path", ["/v1/notices", "/notice"])
async def test_nobody_is_held_to_the_pace_of_their_address_whatever_they_bring(app: App, path: str, who: str) -> None:
    app.runtime.settings.changes_per_minute = 1
    answers = [reason(await app.http.post(path, headers=BAD[who], json={})) for _ in range(VISITORS_TIMES + 1)]
    assert OVER not in answers[:-1]
    assert answers[-1] == OVER


async def test_all_sessions_and_tokens_of_a_viewer_are_one(app: App) -> None:
    app.runtime.settings.changes_per_minute = 2
    path = "/v1/collections"
    for number, who in enumerate([app.signed_in(), await app.session(), app.signed_in(name="Ada the second")]):
        more = {"Idempotency-Key": str(uuid4()), "Sec-Fetch-Site": "same-origin"}
        answer = await app.http.post(path, json={"name": f"No. {number}"}, headers=who | more)
        assert answer.status_code == (201 if number < 2 else 429), answer.text


async def test_answers_stored_for_anybody_are_held_to_a_pace_wherever_they_are_sent(app: App, shared: Shared) -> None:
    app.runtime.settings.changes_per_minute = 1
    visit = {"share": shared.token}
    free = [await app.http.post("/v1/visits", json=visit) for _ in range(2 * VISITORS_TIMES)]
    assert {each.status_code for each in free} == {201}
    kept = [
        await app.http.post("/v1/visits", json=visit, headers={"Idempotency-Key": str(uuid4())})
        for _ in range(VISITORS_TIMES + 1)
    ]
    assert [each.status_code for each in kept] == [201] * VISITORS_TIMES + [429]


async def test_staff_may_change_more_and_reading_is_free(app: App) -> None:
    app.runtime.settings.changes_per_minute = 1
    sam = app.signed_in("sam", "trust")
    for number in range(STAFF_TIMES + 1):
        body = {"name": f"No. {number}", "reason_code": "rights", "text": "Not theirs."}
        answer = await app.http.post("/v1/saved-replies", json=body, headers=sam)
        assert answer.status_code == (201 if number < STAFF_TIMES else 429), answer.text
    assert (await app.http.get("/v1/saved-replies", headers=sam)).status_code == 200


def pace(**values: int) -> ChangePace:
    return ChangePace(Settings(**values))  # type: ignore[arg-type]


@given(st.integers(1, 20), st.lists(st.floats(0, 30), min_size=1, max_size=200))
def test_no_minute_has_more_than_twice_what_it_may_and_no_day_either(most: int, waits: list[float]) -> None:
    counts, now, taken = pace(changes_per_minute=most, changes_per_day=2 * most), 0.0, []
    for wait in waits:
        now += wait
        try:
            counts.count("ada", now=now)
        except TooManyRequests as refusal:
            later = now + int(refusal.headers["Retry-After"])
            pace_then = ChangePace(counts.settings)
            pace_then._until.update(counts._until)
            pace_then.count("ada", now=later)  # whoever comes back when they were told to is let in
        else:
            taken.append(now)
    for start in taken:
        assert sum(start <= at < start + MINUTE_S for at in taken) <= 2 * most
        assert sum(start <= at < start + DAY_S for at in taken) <= 4 * most


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.7", "address:203.0.113.7"),
        ("::ffff:203.0.113.7", "address:203.0.113.7"),
        ("2001:db8:1:2::1", "address:2001:0db8:0001:0002"),
        ("2001:db8:1:2:ffff::9", "address:2001:0db8:0001:0002"),
        ("2001:db8:1:3::1", "address:2001:0db8:0001:0003"),
        ("nowhere", "address:nowhere"),
    ],
)
def test_a_line_has_one_address_however_many_it_uses(address: str, counted: str) -> None:
    assert address_of(Request({"type": "http", "client": (address, 1), "headers": []})) == counted


def test_only_so_many_are_remembered() -> None:
    counts = ChangePace(Settings(changes_per_minute=1), most=3)
    for number in range(10):
        counts.count(f"v{number}", now=0)
    assert len(counts._until) == 3


def made(path: str, **body: Any) -> Callable[[App, int], Any]:
    async def make(app: App, number: int) -> httpx.Response:
        sent = {name: value.format(number) if isinstance(value, str) else value for name, value in body.items()}
        return await app.http.post(path, json=sent, headers=app.signed_in("mira", "marketer"))

    return make


CAMPAIGN = made("/v1/campaigns", key="c{}", name="C {}", begins_at="2026-11-01T00:00Z", ends_at="2027-06-01T00:00Z")
EXPERIMENT = made("/v1/experiments", key="e{}", name="E {}", subject="sharing", unit="viewer")


@pytest.mark.parametrize(
    ("module", "make", "code"),
    [(lifecycle, CAMPAIGN, "campaigns_full"), (experiments_api, EXPERIMENT, "experiments_full")],
)
async def test_what_every_visit_is_asked_of_is_bounded_in_number(
    app: App, monkeypatch: pytest.MonkeyPatch, module: Any, make: Callable[[App, int], Any], code: str
) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    answers = [await make(app, number) for number in range(3)]
    assert [each.status_code for each in answers] == [201, 201, 409], answers[0].text
    assert answers[2].json()["code"] == code
    ended = answers[0].json()["key"]
    what, how = ("campaigns", "end") if code == "campaigns_full" else ("experiments", "stop")
    await app.http.post(f"/v1/{what}/{ended}/{how}", json={}, headers=app.signed_in("mira", "marketer"))
    assert (await make(app, 4)).status_code == 201, "one that is over makes room"


async def test_keys_that_hold_are_bounded_in_number(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "MOST", 2)
    admin, form = app.signed_in("ava", "admin"), {"name": "one", "scopes": "reports:read"}
    answers = [await app.http.post("/console/connections/keys", data=form, headers=admin) for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 409]
    assert "200 service keys" in answers[2].text
    async with app.runtime.database.transaction() as session:
        await keys.revoke_key(session, "one")
    assert (await app.http.post("/console/connections/keys", data=form, headers=admin)).status_code == 200


async def test_the_session_seen_longest_ago_makes_room(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MOST", 3)
    browsers = [await app.session() for _ in range(3)]
    async with app.runtime.database.transaction() as session:
        rows = (await session.scalars(select(SignIn).order_by(SignIn.id))).all()
        rows[1].seen_at -= timedelta(minutes=5)
    browsers.append(await app.session())
    await app.session("ben")
    found = [(await app.http.get("/v1/me", headers=each)).status_code for each in browsers]
    assert found == [200, 401, 200, 200], "and whoever else signs in ends nobody's"


async def test_a_token_of_the_services_has_one_code_however_often_it_is_asked_for(app: App) -> None:
    key = await app.service_key("viewers:hand-over")
    token = app.signed_in()["Authorization"].removeprefix("Bearer ")
    answers = [await app.http.post("/v1/hand-overs", json={"token": token}, headers=key) for _ in range(3)]
    assert [each.status_code for each in answers] == [201] * 3, answers[0].text
    assert len({each.json()["code"] for each in answers}) == 1
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(HandOverCode)) == 1
