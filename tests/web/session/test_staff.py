"""Staff sign in at a certified OpenID provider; and what becomes of whoever tries to do it otherwise."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from sqlalchemy import select, update

from groundswell.accounts.access import COOKIE
from groundswell.accounts.openid import StaffProvider, StaffProviders
from groundswell.accounts.sessions import hash_of
from groundswell.accounts.tables import SignIn, Viewer
from groundswell.platform.clock import utc_now
from groundswell.platform.services import services_of

from .conftest import Browser

CALLBACK = "http://test/session/callback"


def query_of(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def reason(answer: object) -> str:
    """The reason code that a page gives."""
    import re

    found = re.search(r"Reason: <code>(\w+)</code>", answer.text)  # type: ignore[attr-defined]
    assert found, answer.text  # type: ignore[attr-defined]
    return found[1]


@pytest.mark.slow
@pytest.mark.parametrize("client_id", ["RS256", "PS256", "ES256", "EdDSA", "public"])
async def test_staff_sign_in_and_are_back_at_the_page_they_asked_for(browser: Browser, client_id: str) -> None:
    app = browser.app
    asked = await app.http.get("/console/loop?period=7d")
    assert asked.headers["location"] == "/session/staff?return=%2Fconsole%2Floop%3Fperiod%3D7d"
    sent = query_of((await app.http.get(asked.headers["location"])).headers["location"])
    assert (sent["client_id"], sent["response_type"], sent["redirect_uri"]) == (client_id, "code", CALLBACK)
    assert (sent["code_challenge_method"], len(sent["code_challenge"]), "openid" in sent["scope"]) == ("S256", 43, True)

    back = await browser.sign_in("mira+moments-marketing+others", "/console/loop?period=7d")
    assert (back.status_code, back.headers["location"]) == (303, "http://test/console/loop?period=7d")
    assert "no-store" in back.headers["cache-control"]
    page = await app.http.get(back.headers["location"])
    assert page.status_code == 200
    me = (await app.http.get("/v1/me")).json()
    assert (me["name"], me["roles"]) == ("Mira", ["marketer"])
    assert (await app.http.get("/console/finance")).status_code == 403


async def test_a_session_keeps_only_a_hash_of_its_cookie_which_scripts_cannot_read(browser: Browser) -> None:
    back = await browser.sign_in("fay+moments-money")
    (cookie,) = [line for line in back.headers.get_list("set-cookie") if line.startswith(f"{COOKIE}=gss_")]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Max-Age" not in cookie, "staff's ends with the browser"
    value = browser.app.http.cookies[COOKIE]
    async with browser.app.runtime.database.transaction() as session:
        row, viewer = (await session.execute(select(SignIn, Viewer).join(Viewer))).one()
    assert (row.hash, row.roles) == (hash_of(value), ["finance", "trust"])
    assert viewer.issuer == browser.app.runtime.settings.staff_issuers[0].issuer
    assert (await browser.app.http.get("/v1/me", headers={"Authorization": f"Bearer {value}"})).status_code == 401


@pytest.mark.slow
async def test_two_tabs_sign_in_at_once_and_each_gets_where_it_was_going(browser: Browser) -> None:
    first, second = await browser.begin("/console/loop"), await browser.begin("/console/finance")
    back_second = await browser.at_the_provider(second, "mira+moments-marketing")
    back_first = await browser.at_the_provider(first, "mira+moments-marketing")
    for back, leads in ((back_first, "/console/loop"), (back_second, "/console/finance")):
        answer = await browser.app.http.get(back)
        assert answer.headers["location"] == f"http://test{leads}", answer.text


async def test_an_answer_counts_once_and_in_the_browser_that_asked(browser: Browser) -> None:
    app = browser.app
    back = await browser.at_the_provider(await browser.begin(), "mira+moments-marketing")
    copy, stranger = app.another_browser(app.http.cookies), app.another_browser()
    answer = await stranger.get(back)
    assert (answer.status_code, reason(answer)) == (400, "sign_in_state_unknown")
    assert (await app.http.get(back)).status_code == 303
    assert reason(await app.http.get(back)) == "sign_in_state_unknown"
    assert reason(await copy.get(back)) == "sign_in_code_refused"


async def test_a_state_of_another_attempt_or_of_nobody_signs_nobody_in(browser: Browser) -> None:
    back = query_of(await browser.at_the_provider(await browser.begin(), "mira+moments-marketing"))
    other = query_of(await browser.begin())["state"]
    swapped = await browser.app.http.get(f"{CALLBACK}?{urlencode(back | {'state': other})}")
    assert reason(swapped) == "sign_in_code_refused", "the code belongs to another challenge"
    for state in ("", "x", "a" * 43, "é" * 30):
        answer = await browser.app.http.get(f"{CALLBACK}?{urlencode(back | {'state': state})}")
        assert (answer.status_code, reason(answer)) == (400, "sign_in_state_unknown")
    assert (await browser.app.http.get("/v1/me")).status_code == 401


@pytest.mark.parametrize("iss", ["https://evil.example", None])
async def test_an_answer_of_another_issuer_is_not_believed(browser: Browser, iss: str | None) -> None:
    back = query_of(await browser.at_the_provider(await browser.begin(), "mira+moments-marketing"))
    back.pop("iss")
    answer = await browser.app.http.get(f"{CALLBACK}?{urlencode(back | ({'iss': iss} if iss else {}))}")
    assert (answer.status_code, reason(answer)) == (400, "issuer_mixed_up")


async def test_whoever_says_no_or_has_no_role_is_told_so_and_has_no_session(browser: Browser) -> None:
    sent = query_of(await browser.begin())
    no = {"error": "access_denied", "error_description": "not today", "state": sent["state"]}
    refused = await browser.app.http.get(f"{CALLBACK}?{urlencode(no)}")
    assert (refused.status_code, reason(refused)) == (403, "sign_in_refused")
    assert "not today" in refused.text
    roleless = await browser.sign_in("eve+admin+others")
    assert (roleless.status_code, reason(roleless)) == (403, "sign_in_without_role")
    assert "Eve" in roleless.text
    assert "admin, others" in roleless.text
    assert COOKIE not in browser.app.http.cookies


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "https://test@evil.example/", "javascript:alert(1)",
     "http://test.evil.example/", "/console\r\nSet-Cookie: x=1", "https://evil.example\\@test/"],
)  # fmt: skip
async def test_nobody_is_sent_elsewhere(browser: Browser, target: str) -> None:
    answer = await browser.app.http.get("/session/staff", params={"return": target})
    assert (answer.status_code, reason(answer)) == (400, "return_not_allowed")


async def test_an_issuer_that_is_away_is_said_to_be_and_nothing_else_suffers(browser: Browser) -> None:
    app = browser.app
    settings = services_of(app.asgi).settings
    away = settings.staff_issuers[0].model_copy(update={"issuer": "http://127.0.0.1:9"})
    services_of(app.asgi).add(StaffProviders(settings, [StaffProvider(away, settings)]))
    answer = await app.http.get("/session/staff")
    assert (answer.status_code, reason(answer)) == (503, "issuer_unreachable")
    assert (await app.http.get("/who-am-i")).status_code == 200


async def test_a_wrong_secret_is_ours_to_mend_and_says_so(browser: Browser) -> None:
    app = browser.app
    settings = services_of(app.asgi).settings
    wrong = settings.staff_issuers[0].model_copy(update={"client_secret": None, "client_secret_file": None})
    services_of(app.asgi).add(StaffProviders(settings, [StaffProvider(wrong, settings)]))
    answer = await browser.sign_in("mira+moments-marketing")
    assert (answer.status_code, reason(answer)) == (502, "sign_in_client_refused")


async def test_a_session_ends_when_idle_and_in_any_case_and_says_which(browser: Browser) -> None:
    app = browser.app
    await browser.sign_in("mira+moments-marketing")

    async def after(**values: object) -> str:
        async with app.runtime.database.transaction() as session:
            await session.execute(update(SignIn).values(**values))
        answer = await app.http.get("/v1/me")
        assert answer.status_code == 401
        assert answer.json()["code"] == "session_ended"
        return str(answer.json()["detail"])

    now = utc_now()
    async with app.runtime.database.transaction() as session:
        idle = await session.scalar(select(SignIn.idle))
    assert idle is not None
    assert "too long" in await after(seen_at=now - idle)
    assert "too long ago" in await after(seen_at=now, ends_at=now)
    led = await app.http.get("/console/loop")
    assert led.headers["location"] == "/session/staff?return=%2Fconsole%2Floop&why=session_ended"
    told = await app.http.get(led.headers["location"])
    assert told.status_code == 200, "a question first: the provider may sign in again by itself"
    assert "You have been signed out" in told.text


async def test_signing_out_ends_it_here_and_at_the_provider(browser: Browser) -> None:
    app = browser.app
    await browser.sign_in("mira+moments-marketing")
    cookie = app.http.cookies[COOKIE]
    foreign = await app.http.post("/session/end", headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403
    assert (await app.http.get("/v1/me")).status_code == 200
    answer = await app.http.post("/session/end", headers={"Origin": "http://test"})
    assert COOKIE not in app.http.cookies
    stolen = await app.http.get("/v1/me", headers={"Cookie": f"{COOKIE}={cookie}"})
    assert stolen.json()["code"] == "session_ended"
    there = answer.text.split('href="http://127.0.0.1')[1].split('"')[0].replace("&amp;", "&")
    confirm = await browser.there.get(f"http://127.0.0.1{there}")
    assert confirm.status_code == 200, confirm.text
    assert "id_token_hint" in there
    assert query_of(there)["post_logout_redirect_uri"] == "http://test/session/ended"
