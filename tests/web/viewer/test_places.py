"""Where links and players may stand: other hosts, other people's pages, phones' apps."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from groundswell.demo.identity import IdentityProvider
from groundswell.platform.settings import Settings
from groundswell.web.app import create_app
from tests.shares.sharing import shared
from tests.support import App

FRAMED = {"Sec-Fetch-Dest": "iframe", "Accept": "text/html"}


@asynccontextmanager
async def with_settings(app: App, **changed: Any) -> AsyncIterator[httpx.AsyncClient]:
    """The same service under other settings."""
    settings = Settings(**app.runtime.settings.model_dump() | changed)
    other = create_app(settings, IdentityProvider(settings))
    async with other.router.lifespan_context(other):
        transport = httpx.ASGITransport(other)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client


@pytest.mark.slow
async def test_the_player_is_framed_on_listed_pages_only(app: App, moment: dict[str, Any]) -> None:
    path = f"/embed/{moment['code']}"
    anywhere = await app.http.get(path, headers=FRAMED | {"Referer": "https://blog.example/post"})
    assert anywhere.headers["content-security-policy"].endswith("frame-ancestors *")
    async with with_settings(app, embed_ancestors=["https://blog.example"]) as http:
        for referer in ("https://blog.example/post?x", "http://test/m/x", ""):
            fine = await http.get(path, headers=FRAMED | ({"Referer": referer} if referer else {}))
            assert fine.status_code == 200, referer
            assert fine.headers["content-security-policy"].endswith("frame-ancestors https://blog.example")
        for referer in ("https://elsewhere.example/", "http://blog.example/", "https://blog.example.evil.example/"):
            refused = await http.get(path, headers=FRAMED | {"Referer": referer})
            assert refused.status_code == 403, referer
            assert "embed_refused" in refused.text
            assert refused.headers["content-security-policy"].endswith("frame-ancestors 'none'")


async def test_an_empty_list_lets_nobody_frame_it(app: App, moment: dict[str, Any]) -> None:
    async with with_settings(app, embed_ancestors=[]) as http:
        answer = await http.get(f"/embed/{moment['code']}")
        assert answer.headers["content-security-policy"].endswith("frame-ancestors 'none'")


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
async def test_components_of_listed_pages_may_call_the_api(app: App, title: Any, method: str) -> None:
    asked = {
        "Origin": "https://play.example",
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
    }
    async with with_settings(app, component_origins=["https://play.example"]) as http:
        granted = await http.options("/v1/moments", headers=asked)
        assert granted.headers["access-control-allow-origin"] == "https://play.example"
        assert "access-control-allow-credentials" not in granted.headers, "a token, never the cookie"
        refused = await http.options("/v1/moments", headers=asked | {"Origin": "https://elsewhere.example"})
        assert "access-control-allow-origin" not in refused.headers
        read = await http.get("/v1/titles/numbers", headers={"Origin": "https://play.example"})
        assert read.headers["access-control-allow-origin"] == "https://play.example"
    nobody = await app.http.get("/v1/titles/numbers", headers={"Origin": "https://play.example"})
    assert "access-control-allow-origin" not in nobody.headers


async def test_links_may_have_a_host_of_their_own(app: App, moment: dict[str, Any]) -> None:
    async with with_settings(app, links_url="https://lmn.example") as http:
        answer = await http.post(
            "/v1/shares", json={"moment": moment["id"], "channel": "copy"}, headers=app.signed_in()
        )
        link = answer.json()
        assert link["url"].startswith("https://lmn.example/s/")
        landing = await http.get(f"/s/{link['token']}")
        assert f'property="og:url" content="{link["url"]}"' in landing.text
        assert f'rel="canonical" href="http://test/m/{moment["code"]}"' in landing.text
        oembed = await http.get("/v1/oembed", params={"url": link["url"]})
        assert oembed.status_code == 200


async def test_phones_learn_which_app_opens_links(app: App) -> None:
    for path in ("apple-app-site-association", "assetlinks.json"):
        assert (await app.http.get(f"/.well-known/{path}")).status_code == 404
    apps = {"apple_apps": ["ABCDE12345.tv.lumen"], "android_apps": {"tv.lumen": ["AA:BB"]}}
    async with with_settings(app, **apps) as http:
        apple = await http.get("/.well-known/apple-app-site-association")
        assert apple.headers["content-type"] == "application/json"
        (details,) = apple.json()["applinks"]["details"]
        assert details["appIDs"] == ["ABCDE12345.tv.lumen"]
        assert {"/": "/s/*"} in details["components"]
        (android,) = (await http.get("/.well-known/assetlinks.json")).json()
        assert android["target"]["package_name"] == "tv.lumen"


async def test_no_cookie_is_set_and_robots_keep_off_shares(app: App, moment: dict[str, Any]) -> None:
    link = await shared(app, moment=moment["id"])
    landing = await app.http.get(f"/s/{link['token']}", headers={"Accept": "text/html"})
    assert "set-cookie" not in landing.headers
    assert landing.headers["x-robots-tag"] == "noindex"
    assert len(landing.content) < 32 * 1024
    before_body = landing.text.split("</head>")[0]
    assert before_body.index("og:video") < before_body.index("<script"), "a robot reads what it needs first"
