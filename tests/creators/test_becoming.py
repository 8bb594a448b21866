"""Becoming a creator: terms accepted anew with each version, applications decided with a reason, channels verified."""

from collections.abc import AsyncIterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.creators.channels import carried
from groundswell.creators.levels import PARTNER_SUBSCRIPTIONS, CreatorStanding, level_of, to_do
from groundswell.platform.settings import Settings
from tests.support import App, started

ASKED = {"handle": "ada_l", "display_name": "Ada", "country": "de", "languages": ["de", "en"], "adult": True}


class Elsewhere(BaseHTTPRequestHandler):
    """Somebody's page on another service."""

    page = "<p>Hello</p>"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.page.encode())

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[App]:
    changed = {"creator_entry": "review", "outbound_networks": ["127.0.0.0/8"]}
    async with started(settings.model_copy(update=changed)) as app:
        yield app


@pytest.mark.slow
async def test_who_applies_accepts_the_terms_and_is_answered_with_a_reason(app: App) -> None:
    ada, mira = app.signed_in("ada"), app.signed_in("mira", "marketer")
    page = await app.http.get("/creator", headers=ada)
    assert page.headers["location"] == "/creator/standing"
    assert "Apply to become a creator" in (await app.http.get("/creator/standing", headers=ada)).text
    at_once = await app.http.post("/v1/creators", json={"handle": "ada_l", "display_name": "Ada"}, headers=ada)
    assert at_once.json()["code"] == "application_needed"
    assert (await app.http.get("/v1/creator-terms")).status_code == 404
    assert (await app.http.post("/v1/creator-terms", json={"body": "Be kind to all."}, headers=ada)).status_code == 403
    for version in (1, 1, 2):  # the same words are the same version
        body = {"body": f"Be kind to all, {version}."}
        published = await app.http.post("/v1/creator-terms", json=body, headers=mira)
        assert published.json()["version"] == version

    async def apply(**changes: Any) -> Any:
        answer = await app.http.post("/v1/creators/me/application", json=ASKED | changes, headers=ada)
        return answer.json().get("code") if answer.status_code >= 400 else answer.json()["status"]

    assert await apply() == "terms_not_accepted"
    assert await apply(terms_version=1) == "terms_not_accepted"
    assert await apply(terms_version=2, adult=False) == "invalid"
    assert await apply(terms_version=2) == "waiting"
    assert await apply(terms_version=2) == "application_waits"
    kid = app.as_told("kim", kids=True)
    minor = await app.http.post("/v1/creators/me/application", json=ASKED | {"terms_version": 2}, headers=kid)
    assert minor.json()["code"] == "creator_minor"
    (waiting,) = (await app.http.get("/v1/creator-applications", headers=mira)).json()["items"]
    assert "Ada" in (await app.http.get("/console/creators", headers=await app.session("mira", "marketer"))).text
    decide = f"/v1/creator-applications/{waiting['id']}/decide"
    refused = await app.http.post(decide, json={"accepted": False, "reason": "Too new."}, headers=mira)
    assert refused.json()["status"] == "refused"
    again = await app.http.post(decide, json={"accepted": True, "reason": "Oh well."}, headers=mira)
    assert again.json()["code"] == "application_decided"
    assert "Too new." in (await app.http.get("/creator/standing", headers=ada)).text
    form = ASKED | {"languages": "de, en", "adult": "yes", "version": "2", "bio": "", "note": ""}
    sent = await app.http.post("/creator/standing/apply", data=form, headers=await app.session("ada"))
    assert sent.headers["location"].endswith("saved=applied")
    (waiting,) = (await app.http.get("/v1/creator-applications", headers=mira)).json()["items"]
    decide = f"/console/creators/{waiting['id']}/decide"
    form = {"accepted": "yes", "reason": "Welcome."}
    assert (await app.http.post(decide, data=form, headers=await app.session("mira", "marketer"))).status_code == 303
    assert (await app.http.get("/v1/creators/me", headers=ada)).json()["handle"] == "ada_l"
    await app.http.post("/v1/creator-terms", json={"body": "Be kind to all, always."}, headers=mira)
    standing = await app.http.get("/creator/standing", headers=ada)
    assert "Terms, version 3" in standing.text
    stale = await app.http.post("/v1/creators/me/terms", json={"version": 2}, headers=ada)
    assert stale.json()["code"] == "terms_not_accepted"
    assert (await app.http.post("/v1/creators/me/terms", json={"version": 3}, headers=ada)).status_code == 200
    assert "Terms, version 3" not in (await app.http.get("/creator/standing", headers=ada)).text
    await verify_a_channel(app, ada)


async def verify_a_channel(app: App, ada: dict[str, str]) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        address = f"http://127.0.0.1:{server.server_port}/@ada"
        named = await app.http.post("/v1/creators/me/channels", json={"address": address}, headers=ada)
        channel = named.json()
        same = await app.http.post("/v1/creators/me/channels", json={"address": address}, headers=ada)
        assert same.json()["id"] == channel["id"]
        inside = await app.http.post("/v1/creators/me/channels", json={"address": "ftp://a.example"}, headers=ada)
        assert inside.json()["code"] == "address_not_allowed"
        pages = {
            "absent": "<p>Hello</p>",
            "proof": f"<p>{channel['proof']}</p>",
            "link": '<a href="http://test/creators/ada_l">me</a>',
        }
        for found in ("absent", "proof", "link", "absent"):
            Elsewhere.page = pages[found]
            await app.http.post(f"/v1/creators/me/channels/{channel['id']}/check", headers=ada)
            await app.run_jobs()
            (seen,) = (await app.http.get("/v1/creators/me/channels", headers=ada)).json()
            assert (seen["found"], seen["verified_at"] is not None) == (found, found != "absent")
            public = await app.http.get("/creators/ada_l")
            assert (address in public.text) is (found != "absent")
    finally:
        server.shutdown()
        server.server_close()
    theirs = await app.http.post(f"/v1/creators/me/channels/{channel['id']}/check", headers=app.signed_in("noor"))
    assert theirs.status_code == 404
    gone = await app.http.delete(f"/v1/creators/me/channels/{channel['id']}", headers=ada)
    assert gone.status_code == 204


def test_what_a_page_carries() -> None:
    page = "https://lumen.example/creators/ada"
    assert carried("about me: gs-ABC12345.", "gs-ABC12345", page) == "proof"
    assert carried("gs-ABC123456", "gs-ABC12345", page) == "absent"
    assert carried(r'"url":"https:\/\/lumen.example\/creators\/ada"', "gs-x", page) == "link"
    assert carried("https://lumen.example/creators/adam", "gs-x", page) == "absent"


@given(st.booleans(), st.integers(0, 10), st.integers(0, 10**9))
def test_levels_only_rise_with_what_somebody_has_done(accepted: bool, channels: int, brought: int) -> None:
    order = ("fan", "creator", "partner")
    now = CreatorStanding(accepted, channels, brought)
    more = CreatorStanding(True, channels + 1, brought + 1_000_000)
    assert order.index(level_of(more)) >= order.index(level_of(now))
    assert bool(to_do(now)) == (level_of(now) != "partner")
    assert level_of(CreatorStanding(True, 1, PARTNER_SUBSCRIPTIONS * 1_000_000)) == "partner"
    assert level_of(CreatorStanding(True, 1, PARTNER_SUBSCRIPTIONS * 1_000_000 - 1)) == "creator"
