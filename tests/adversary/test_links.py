"""What a link opened is opened by that link: once it is withdrawn or has expired, whoever had it has nothing left."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from groundswell.moments.media import media_api
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.shares.tables import Share
from groundswell.web.route_powers import every_route
from tests.media.film import make
from tests.moments.clipping import FILM, add_title, clipped, worker
from tests.shares.sharing import share, shared
from tests.support import App

MEDIA = ("video/", "audio/", "image/", "text/vtt", "application/vnd.apple.mpegurl", "text/event-stream")
NAMES = ("wide", "preview", "vertical", "source")
HIDDEN = "HIDDEN"
"""Stands for the name of what somebody else may not know of."""


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(FILM, tmp_path_factory.mktemp("films") / "numbers")


@pytest.fixture
async def unlisted(app: App, film: Path) -> dict[str, Any]:
    await add_title(app.runtime, film)
    return await clipped(app, visibility="unlisted", caption="Only for you")


def addresses(app: App, moment: dict[str, Any], token: str) -> list[str]:
    """Every GET address that names a moment or a link to it, as somebody who had the link knows them."""
    filled = {"code": moment["code"], "moment": moment["code"], "token": token, "version": "v-1", "name": "video.m3u8"}
    filled["viewer_id"] = moment["id"]  # of the weekly mail, whose token is another: a link's must open nothing there
    found = []
    for route in every_route(app.asgi.router):
        named = set(route.param_convertors)
        if "GET" not in (route.methods or ()) or not named & {"code", "moment", "token"} or "window" in named:
            continue
        if route.path.startswith(("/moments/", "/console/", "/@")):
            continue  # pages of the maker's own and of staff
        assert named <= {*filled, "profile"}, f"{route.path}: say how it is walked too"
        for profile in NAMES if "profile" in named else [""]:
            path = route.path.format(**filled, profile=profile)
            found += [path, f"{path}?share={token}"] if path.startswith("/v1/") else [path]
    for named_url in (f"/s/{token}", f"/m/{moment['code']}", f"/embed/{moment['code']}?s={token}"):
        found.append("/v1/oembed?url=" + quote(f"http://test{named_url}", safe=""))
    return [*found, f"/embed/{moment['code']}?s={token}"]


def shown(answer: httpx.Response, moment: dict[str, Any]) -> bool:
    """Whether an answer gives anything of the moment."""
    kind = answer.headers.get("content-type", "")
    return answer.status_code < 400 and (kind.startswith(MEDIA) or moment["caption"] in answer.text)


async def withdraw(app: App, link: dict[str, Any]) -> None:
    assert (await app.http.delete(f"/v1/shares/{link['id']}", headers=app.signed_in())).status_code == 204


async def expire(app: App, link: dict[str, Any]) -> None:
    async with app.runtime.database.transaction() as session:
        row = await session.get_one(Share, link["id"])
        row.expires_at = utc_now() - timedelta(seconds=1)


@pytest.mark.slow
@pytest.mark.parametrize("end", [withdraw, expire])
async def test_an_ended_link_gives_nothing_to_who_had_it(
    app: App, unlisted: dict[str, Any], end: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media_api, "WAIT_S", 0.05)  # nobody renders here
    link = await shared(app, moment=unlisted["code"])
    paths = addresses(app, unlisted, link["token"])
    before = [path for path in paths if "/progress" not in path and shown(await app.http.get(path), unlisted)]
    assert len(before) >= 5, before
    passed_on = (await shared(app, None, parent=link["token"]))["token"]
    assert (await app.http.get(f"/s/{passed_on}")).status_code == 200
    await end(app, link)
    for token in (link["token"], passed_on):
        for path in addresses(app, unlisted, token):
            for headers in ({}, app.signed_in("ben"), {"User-Agent": "facebookexternalhit/1.1"}):
                answer = await app.http.get(path, headers=headers)
                assert not shown(answer, unlisted), (path, answer.status_code)
        assert (await share(app, "ben", parent=token)).status_code in {404, 410}


@pytest.mark.slow
async def test_all_that_a_page_names_ends_with_its_link(app: App, unlisted: dict[str, Any]) -> None:
    link = await shared(app, moment=unlisted["code"])
    page = await app.http.get(f"/s/{link['token']}", headers={"User-Agent": "facebookexternalhit/1.1"})
    assert f"/m/{unlisted['code']}" not in page.text, "the moment's own address is nobody's business"
    async with worker(app):
        for _ in range(20):
            playing = await app.http.get(f"/s/{link['token']}/wide.mp4")
            if playing.status_code != 503:
                break
    assert playing.status_code == 200, playing.text
    await withdraw(app, link)
    for path in (f"/s/{link['token']}/wide.mp4", f"/s/{link['token']}/poster.jpg", f"/s/{link['token']}/clip.m3u8"):
        for headers in ({}, {"If-None-Match": playing.headers["etag"]}, {"Range": "bytes=0-10"}):
            assert (await app.http.get(path, headers=headers)).json()["code"] == "link_revoked"


@pytest.mark.slow
async def test_an_unlisted_moment_has_no_other_door(app: App, unlisted: dict[str, Any]) -> None:
    for path in addresses(app, unlisted, "x" * 15):
        answer = await app.http.get(path, headers=app.signed_in("ben"))
        assert not shown(answer, unlisted), path
    refused = await share(app, "ben", moment=unlisted["code"])
    assert (refused.status_code, refused.json()["code"]) == (404, "moment_unknown")
    assert (await app.http.get(f"/v1/moments/{unlisted['code']}", headers=app.signed_in())).status_code == 200
    tess = await app.http.get(f"/v1/moments/{unlisted['code']}", headers=app.signed_in("tess", "trust"))
    assert tess.status_code == 200, "whoever reviews reports sees what was reported"


@pytest.mark.slow
async def test_somebody_s_private_moment_is_as_unknown_as_none(app: App, unlisted: dict[str, Any]) -> None:
    """Neither its status, its body nor its headers tell that it is there."""
    private = await clipped(app, visibility="private", start=2, end=7)
    ben = app.signed_in("ben")
    for hidden in (private, unlisted):
        for method, path in (
            ("GET", "/v1/moments/{}"),
            ("GET", "/v1/moments/{}/media"),
            ("GET", "/v1/moments/{}/progress"),
            ("PATCH", "/v1/moments/{}"),
            ("DELETE", "/v1/moments/{}"),
            ("DELETE", "/v1/moments/{}/links"),
            ("POST", "/v1/moments/{}/windows"),
            ("GET", "/v1/shares?moment={}"),
            ("POST", "/v1/reports"),
            ("GET", "/m/{}"),
            ("GET", "/m/{}/wide.mp4"),
            ("GET", "/embed/{}"),
            ("POST", "/v1/events"),
        ):
            if path == "/v1/reports" and hidden is unlisted:
                continue  # whoever was sent a link may report what they saw, also once the link is gone
            answers = []
            for code in (hidden["code"], "zzzzzzzzzz"):
                body: Any = {"start_us": 1, "end_us": 9_000_000}
                if path == "/v1/reports":
                    body = {"moment": code, "reason_code": "spam"}
                elif path == "/v1/events":
                    body = {"events": [{"kind": "play", "moment": code}]}
                elif method == "PATCH":
                    body = {"caption": "mine now"}
                sent = {} if method in {"GET", "DELETE"} else {"json": body}
                answer = await app.http.request(method, path.format(code), headers=ben, **sent)
                answers.append((answer.status_code, answer.text.replace(code, "CODE")))
            assert answers[0] == answers[1], (method, path, answers)


async def joined(app: App, creator: dict[str, str]) -> str:
    """The address of a campaign that a creator takes part in."""
    staff, now = app.signed_in("mira", "marketer"), utc_now()
    campaign = {"key": "autumn", "name": "Autumn", "begins_at": (now - timedelta(days=7)).isoformat()}
    campaign |= {"ends_at": (now + timedelta(days=7)).isoformat(), "attribution_window_days": 1}
    theirs, mine = "/v1/campaigns/autumn", "/v1/creators/me/campaigns/autumn"
    for method, path, who, body in (
        ("POST", "/v1/campaigns", staff, campaign | {"budget": {"minor": 1_000, "currency": "EUR"}}),
        ("PUT", f"{theirs}/brief", staff, {"about": "Clip.", "terms": [{"kind": "post", "amount_minor": 10}]}),
        ("POST", f"{theirs}/budget", app.signed_in("paul", "finance"), {}),
        ("POST", "/v1/creators", creator, {"handle": "ben", "display_name": "Ben"}),
        ("POST", f"{mine}/apply", creator, {}),
        ("POST", f"{theirs}/members/ben/accept", staff, {}),
    ):
        answer = await app.http.request(method, path, headers=who, json=body)
        assert answer.is_success, (path, answer.text)
    return mine


@pytest.mark.slow
async def test_no_route_tells_a_hidden_moment_from_none(app: App, unlisted: dict[str, Any]) -> None:
    """Every one that names a moment, asked by somebody else; and those that name it in what they are sent."""
    ben, private = app.signed_in("ben"), await clipped(app, visibility="private", start=2, end=7)
    link = await shared(app, moment=(await clipped(app, start=9, end=14))["id"])
    submissions, post = f"{await joined(app, ben)}/submissions", {"url": "https://tok.example.com/1"}
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/v1/shares", {"json": {"moment": HIDDEN, "parent": link["token"], "channel": "copy"}}),
        ("POST", "/v1/shares", {"json": {"moment": HIDDEN, "channel": "copy"}}),
        ("POST", submissions, {"json": post | {"moment": HIDDEN}}),
        ("POST", "/moments/selected", {"data": {"action": "delete", "moment": HIDDEN}}),
        ("POST", "/moments/selected", {"data": {"action": "revoke", "moment": HIDDEN, "sure": "true"}}),
        ("POST", "/v1/moments/delete", {"json": {"moments": [HIDDEN]}}),
        ("POST", "/v1/visits", {"json": {"moment": HIDDEN}}),
    ]
    for route in every_route(app.asgi.router):
        if set(route.param_convertors) & {"code", "moment"} and not route.path.startswith("/console/"):
            filled = dict.fromkeys(route.param_convertors, "wide") | {"code": HIDDEN, "moment": HIDDEN}
            sent: dict[str, Any] = {"json": {"text": "Hello", "kind": "love"}}
            for method in sorted((route.methods or set()) - {"HEAD"}):
                asked.append((method, route.path.format(**filled), {} if method in ("GET", "DELETE") else sent))
    assert len(asked) > 35
    leaks = []
    for method, path, sent in asked:
        for hidden in (private, unlisted):
            told = set()
            for name in (hidden["code"], "zzzzzzzzzz"):
                written = json.loads(json.dumps(sent).replace(HIDDEN, name))
                answer = await app.http.request(method, path.replace(HIDDEN, name), headers=ben, **written)
                told.add((answer.status_code, answer.text.replace(name, HIDDEN)))
            if len(told) > 1:
                leaks.append((method, path, sent, told))
    assert leaks == []


async def test_a_link_holds_in_memory_no_longer_than_those_it_came_by(app: App, unlisted: dict[str, Any]) -> None:
    link = await shared(app, moment=unlisted["code"])
    token = (await shared(app, None, parent=link["token"]))["token"]
    for path in (f"/s/{token}", f"/s/{token}/go"):
        for _ in range(2):
            assert (await app.http.get(path)).status_code in {200, 302}
    await withdraw(app, link)
    await asyncio.sleep(0)
    for path in (f"/s/{token}", f"/s/{token}/go"):
        assert (await app.http.get(path)).status_code == 410


async def test_a_public_moment_keeps_its_own_address(app: App, film: Path) -> None:
    await add_title(app.runtime, film)
    moment = await clipped(app, caption="For all")
    link = await shared(app, moment=moment["code"])
    await withdraw(app, link)
    assert (await app.http.get(f"/m/{moment['code']}")).status_code == 200
    page = (await app.http.get(f"/m/{moment['code']}/go")).headers["location"].partition("/go")[0]
    async with app.runtime.database.transaction() as session:
        (await session.get_one(Moment, moment["id"])).visibility = "unlisted"
    assert (await app.http.get(f"/m/{moment['code']}")).status_code == 404
    for path in (page, f"{page}/go", f"{page}/poster.jpg", f"{page}/wide.mp4"):
        assert (await app.http.get(path)).status_code in {404, 410}, "the page's own link opens nothing unlisted"
