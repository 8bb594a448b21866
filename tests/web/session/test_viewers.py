"""The service hands a viewer over: by its token or a one-time code, once, fresh, and to a browser that asked for it."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import pytest
from sqlalchemy import func, select, update

from groundswell.accounts.access import COOKIE
from groundswell.accounts.tables import HandOverCode, SignIn, Viewer
from groundswell.platform.clock import utc_now
from groundswell.platform.settings import Settings
from tests.support import App

HAND_OVER = "/session/hand-over"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(
        update={"service_url": "https://www.example", "sign_in_url": "https://www.example/login?to={return}&lang=de"}
    )


def reason(answer: httpx.Response) -> str:
    return answer.text.split('data-reason="')[1].split('"')[0]


async def asked(app: App, page: str = "/moments") -> str:
    """Ask for a page as a visitor; the address to which the service is to hand over."""
    sent = await app.http.get((await app.http.get(page)).headers["location"])
    assert sent.status_code == 303
    address = sent.headers["location"]
    assert address.startswith("https://www.example/login?to=http%3A%2F%2Ftest%2Fsession%2Fhand-over%3Fstate%3D")
    return parse_qs(urlsplit(address).query)["to"][0]


def fresh(app: App, subject: str = "ada", **claims: Any) -> str:
    return app.identity.token(subject, subject.title(), **claims)


async def test_a_viewer_comes_back_signed_in_to_the_page_they_asked_for(app: App) -> None:
    back = await asked(app, "/moments?sort=new")
    answer = await app.http.get(f"{back}&token={fresh(app)}")
    assert (answer.status_code, answer.headers["location"]) == (303, "http://test/moments?sort=new")
    assert (await app.http.get("/moments")).status_code == 200
    assert (await app.http.get("/v1/me")).json()["name"] == "Ada"
    (cookie,) = [line for line in answer.headers.get_list("set-cookie") if line.startswith(f"{COOKIE}=gss_")]
    assert f"Max-Age={30 * 86_400}" in cookie, "viewers stay signed in when the browser is closed"


async def test_a_form_hands_over_too_and_keeps_the_token_out_of_addresses(app: App) -> None:
    back = await asked(app)
    answer = await app.http.post(back, data={"token": fresh(app)}, headers={"Origin": "https://www.example"})
    assert (answer.status_code, answer.headers["location"]) == (303, "http://test/moments")


async def test_a_one_time_code_keeps_the_token_out_of_the_browser(app: App) -> None:
    key = await app.service_key("viewers:hand-over")
    made = await app.http.post("/v1/hand-overs", json={"token": fresh(app)}, headers=key)
    assert made.status_code == 201, made.text
    code, back = made.json()["code"], await asked(app)
    assert made.json()["address"] == f"http://test{HAND_OVER}?code={code}"
    copy = app.another_browser(app.http.cookies)
    assert (await app.http.get(f"{back}&code={code}")).status_code == 303
    assert reason(await copy.get(f"{back}&code={code}")) == "hand_over_spent"
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(HandOverCode)) == 0


async def test_a_code_lasts_a_minute_and_is_made_for_a_token_that_holds_by_a_key_that_may(app: App) -> None:
    key = await app.service_key("viewers:hand-over")
    made = await app.http.post("/v1/hand-overs", json={"token": fresh(app)}, headers=key)
    async with app.runtime.database.transaction() as session:
        await session.execute(update(HandOverCode).values(until=utc_now() - timedelta(seconds=1)))
    assert reason(await app.http.get(f"{await asked(app)}&code={made.json()['code']}")) == "hand_over_expired"
    for token in ("nonsense", "", fresh(app, lifetime=timedelta(hours=-1))):
        assert (await app.http.post("/v1/hand-overs", json={"token": token}, headers=key)).status_code == 400
    other = await app.service_key("events:write")
    assert (await app.http.post("/v1/hand-overs", json={"token": fresh(app)}, headers=other)).status_code == 403


async def test_a_token_hands_over_once(app: App) -> None:
    token = fresh(app)
    first, second = await asked(app), await asked(app)
    assert (await app.http.get(f"{first}&token={token}")).status_code == 303
    again = await app.http.get(f"{second}&token={token}")
    assert (again.status_code, reason(again)) == (400, "hand_over_spent")


async def test_what_nobody_asked_for_signs_nobody_in_unless_the_settings_say_so(app: App) -> None:
    unasked = f"{HAND_OVER}?return=/moments&token="
    answer = await app.http.get(unasked + fresh(app))
    assert (answer.status_code, reason(answer)) == (400, "hand_over_unasked")
    app.runtime.settings.hand_over_unasked = True
    assert (await app.http.get(unasked + fresh(app))).headers["location"] == "http://test/moments"
    elsewhere = await app.http.get(f"{HAND_OVER}?return=//evil.example&token={fresh(app)}")
    assert (elsewhere.status_code, reason(elsewhere)) == (400, "return_not_allowed")


async def test_a_state_counts_in_the_browser_that_asked_and_once(app: App) -> None:
    back = await asked(app)
    stranger = await app.another_browser().get(f"{back}&token={fresh(app, 'eve')}")
    assert reason(stranger) == "sign_in_state_unknown", "login CSRF"
    assert (await app.http.get(f"{back}&token={fresh(app)}")).status_code == 303
    assert reason(await app.http.get(f"{back}&token={fresh(app)}")) == "sign_in_state_unknown"


@pytest.mark.parametrize("said", ["", "token={token}&code=gsh_x", "token=nonsense", "code=gsh_guess", "token=é"])
async def test_what_does_not_say_who_one_is_signs_nobody_in(app: App, said: str) -> None:
    answer = await app.http.get(f"{await asked(app)}&{said.replace('{token}', fresh(app))}")
    assert answer.status_code == 400
    assert reason(answer) in {"hand_over_invalid", "hand_over_spent"}
    assert "/session/start?return=" in unquote(answer.text), "and one can begin again"
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(SignIn)) == 0


async def test_an_old_token_hands_nobody_over_though_it_holds(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    now = utc_now()
    monkeypatch.setattr("groundswell.demo.identity.utc_now", lambda: now - timedelta(minutes=6))
    token = fresh(app)
    bearer = {"Authorization": f"Bearer {token}"}
    assert (await app.http.get("/v1/me", headers=bearer)).status_code == 200
    assert reason(await app.http.get(f"{await asked(app)}&token={token}")) == "hand_over_expired"


async def test_a_session_says_nothing_of_its_viewer_that_a_later_token_has_changed(app: App) -> None:
    await app.http.get(f"{await asked(app)}&token={fresh(app, territory='DE')}")
    bearer = {"Authorization": f"Bearer {fresh(app, territory='GB', kids=True)}"}
    assert (await app.http.get("/v1/me", headers=bearer)).json()["kids"] is True
    me = (await app.http.get("/v1/me")).json()
    assert (me["territory"], me["kids"]) == ("GB", True)
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(select(Viewer.kids)) is True


async def test_an_erased_viewer_is_signed_out(app: App) -> None:
    await app.http.get(f"{await asked(app)}&token={fresh(app)}")
    key = await app.service_key("viewers:erase")
    assert (await app.http.delete("/v1/viewers/ada", headers=key)).status_code == 204
    assert (await app.http.get("/v1/me")).json()["code"] == "session_ended"


async def test_this_machine_under_another_name_is_called_by_ours_first(app: App) -> None:
    app.runtime.settings.base_url = "http://127.0.0.1:8000"
    for path in ("/session/start?return=%2Fmoments", "/session/staff?return=%2Fconsole"):
        answer = await app.http.get(f"http://localhost:8000{path}")
        assert (answer.status_code, answer.headers["location"]) == (307, f"http://127.0.0.1:8000{path}")


async def test_a_viewer_who_signs_out_is_told_so_in_their_language_and_signs_in_again_as_a_viewer(app: App) -> None:
    await app.http.get(f"{await asked(app)}&token={fresh(app)}")
    ended = await app.http.post("/session/end", headers={"Origin": "http://test", "Accept-Language": "ar"})
    assert '<html lang="ar" dir="rtl"' in ended.text
    assert 'href="/session/start"' in ended.text
    assert "/session/staff" not in ended.text


@pytest.mark.parametrize(
    ("referer", "back_to"),
    [
        ("http://test/moments?sort=new", "/moments?sort=new"),
        ("http://elsewhere.example/moments", "/"),
        ("http://[::1", "/"),
        (None, "/"),
    ],
)
async def test_a_form_sent_when_the_session_has_ended_leads_back_to_its_page(
    app: App, referer: str | None, back_to: str
) -> None:
    """Not to the address that it was sent to, which answers no link."""
    headers = {"Referer": referer} if referer else {}
    answer = await app.http.post("/moments/selected", data={"do": "delete"}, headers=headers)
    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.headers["location"]).query)["return"] == [back_to]
