"""Who a token names, what a role opens, from where a cookie counts, and what stays the same when a token is renewed."""

import asyncio
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any
from uuid import uuid4

import pytest
from fastapi import Response
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from groundswell.accounts.access import COOKIE, territory_of, viewer_of
from groundswell.accounts.tables import Viewer
from groundswell.accounts.tokens import STAFF_ROLES, Claims
from groundswell.platform.database import Database
from groundswell.platform.settings import Settings
from groundswell.web.session import cookies
from tests.support import App

OPENED = {
    "marketer": "/v1/reports/loop",
    "trust": "/v1/reports",
    "finance": "/v1/ledger/trial-balance",
    "rights": "/v1/rights",
}
"""A door that opens to one role alone."""


def claims(**other: Any) -> Claims:
    said = {"issuer": "service", "subject": "ada", "name": "Ada", "roles": frozenset(), "territory": "DE"}
    return Claims(**{**said, "kids": False, **other})


async def seen(database: Database, **other: Any) -> Viewer:
    async with database.transaction() as session:
        return await viewer_of(session, claims(**other))


@pytest.mark.slow
async def test_a_stranger_is_one_viewer_however_many_requests_come_at_once(app: App) -> None:
    headers = app.signed_in("newcomer")
    answers = await asyncio.gather(*[app.http.get("/v1/me", headers=headers) for _ in range(12)])
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["id"] for answer in answers}) == 1
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Viewer)) == 1


async def test_a_viewer_is_as_their_last_token_describes_them_under_a_handle_that_stays(database: Database) -> None:
    before = await seen(database)
    after = await seen(database, name="Ada King", territory="GB", kids=True, ad_tier=True)
    assert (after.id, after.handle) == (before.id, before.handle)
    assert (after.name, after.territory, after.kids, after.ad_tier) == ("Ada King", "GB", True, True)
    left = await seen(database, territory=None)
    assert (left.territory, left.kids, left.ad_tier) == (None, False, False)


async def test_one_subject_at_two_issuers_is_two_people(database: Database) -> None:
    assert (await seen(database)).id != (await seen(database, issuer="another")).id


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Ada Lovelace", "ada-lovelace"), ("李雷", "viewer"), ("--", "viewer"), ("A" * 80, "a" * 24), ("É. Noé!", "no")],
)
async def test_a_handle_can_stand_in_an_address(database: Database, name: str, slug: str) -> None:
    handle = (await seen(database, name=name)).handle
    assert handle.rsplit("-", 1)[0] == slug
    assert handle.isascii()
    assert handle == handle.lower()


@pytest.mark.slow
@pytest.mark.parametrize("role", OPENED)
async def test_a_role_opens_its_own_doors_and_no_other(app: App, role: str) -> None:
    for needed, address in OPENED.items():
        answer = await app.http.get(address, headers=app.signed_in("sam", role))
        assert (answer.status_code == 403) == (needed != role), (address, answer.text)
        if needed != role:
            assert answer.json()["code"] == "role_missing"


@pytest.mark.slow
async def test_an_admin_has_every_role_and_a_viewer_none(app: App) -> None:
    for address in OPENED.values():
        assert (await app.http.get(address, headers=app.signed_in("root", "admin"))).is_success
        assert (await app.http.get(address, headers=app.signed_in("ada"))).json()["code"] == "role_missing"
        assert (await app.http.get(address)).json()["code"] == "token_missing"
    assert {*OPENED, "admin"} == STAFF_ROLES


async def test_the_scheme_is_bearer_in_any_case_and_no_other(app: App) -> None:
    token = app.signed_in("ada")["Authorization"].split()[1]
    for header, status in ((f"bearer {token}", 200), (f"BEARER  {token} ", 200), (f"Basic {token}", 401), (token, 401)):
        assert (await app.http.get("/v1/me", headers={"Authorization": header})).status_code == status, header[:8]


async def test_the_header_goes_before_the_cookie(app: App) -> None:
    answer = await app.http.get("/v1/me", headers={**app.signed_in("ada"), **await app.session("grace")})
    assert answer.json()["name"] == "Ada"


async def test_a_cookie_changes_something_from_our_own_pages_alone(app: App) -> None:
    cookie = await app.session("ada")
    body = {"handle": "ada", "display_name": "Ada"}
    foreign = await app.http.post("/v1/creators", json=body, headers={**cookie, "Origin": "https://elsewhere.test"})
    assert (foreign.status_code, foreign.json()["code"]) == (403, "cross_site")
    reading = await app.http.get("/v1/me", headers={**cookie, "Origin": "https://elsewhere.test"})
    assert reading.status_code == 200
    ours = await app.http.post("/v1/creators", json=body, headers={**cookie, "Origin": "http://test"})
    assert ours.status_code == 201, ours.text


async def test_a_renewed_token_finds_what_was_answered_under_its_key(app: App) -> None:
    key, body = {"Idempotency-Key": str(uuid4())}, {"handle": "ada", "display_name": "Ada"}

    async def ask(subject: str, **token: Any) -> Any:
        bearer = {"Authorization": f"Bearer {app.identity.token(subject, subject.title(), **token)}"}
        return await app.http.post("/v1/creators", json=body, headers=bearer | key)

    first = await ask("ada")
    again = await ask("ada", lifetime=timedelta(hours=1), roles=["finance"])
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    other = await ask("grace")
    assert (other.status_code, "idempotency-replayed" in other.headers) == (409, False), other.text


ALONE, BEHIND_A_PROXY = Settings(), Settings(territory_header="cf-ipcountry")


@settings(deadline=None)
@given(said=st.one_of(st.text(max_size=4), st.sampled_from(["de", " DE ", "XX", "zz", "T1", "DEU", "ß"])))
def test_a_territory_is_two_letters_of_somewhere_or_unknown(said: str) -> None:
    found = territory_of(BEHIND_A_PROXY, {"cf-ipcountry": said})
    wanted = said.strip().upper()
    letters = len(wanted) == 2 and wanted.isascii() and wanted.isalpha()
    assert found == (wanted if letters and wanted not in {"XX", "ZZ"} else None)
    assert territory_of(ALONE, {"cf-ipcountry": said}) is None


def test_the_session_cookie_is_for_our_own_pages_and_can_be_ended() -> None:
    kept, ended = Response(), Response()
    cookies.keep(kept, Settings(base_url="https://moments.example"), "gss_x", timedelta(days=2))
    cookies.forget(ended)
    (cookie,) = SimpleCookie(kept.headers["set-cookie"]).values()
    assert (cookie.key, cookie.value, cookie["path"], cookie["samesite"]) == (COOKIE, "gss_x", "/", "lax")
    assert (cookie["httponly"], cookie["secure"], cookie["max-age"]) == (True, True, str(2 * 86_400))
    (gone,) = SimpleCookie(ended.headers["set-cookie"]).values()
    assert (gone.key, gone.value, gone["max-age"], gone["path"]) == (COOKIE, "", "0", "/")


async def test_a_token_in_the_cookie_signs_nobody_in(app: App) -> None:
    """A session can be ended; a token that a page of a neighbouring host put there could not."""
    answer = await app.http.get("/v1/me", headers={"Cookie": f"{COOKIE}={app.identity.token('ada', 'Ada')}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "session_ended")
