"""Once the right to a clip has gone, no address that anybody kept gives a byte of it, in whatever way it is asked."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

import httpx
import pytest
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete as remove

from groundswell.catalog.importer import import_title
from groundswell.catalog.tables import Line
from groundswell.media import PROFILES
from groundswell.platform.clock import utc_now
from groundswell.web.route_powers import every_route
from tests.media.film import make
from tests.moments.clipping import FILM, clipped, set_rights, worker
from tests.shares.sharing import shared
from tests.support import App

MEDIA = ("video/", "image/jpeg", "image/webp", "text/vtt", "application/vnd.apple.mpegurl", "audio/")
PAGES = ("/m/", "/s/", "/embed/")


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(FILM, tmp_path_factory.mktemp("films") / "numbers")


def named_in(playlist: str) -> set[str]:
    """The addresses that an HLS playlist names."""
    lines = {line.strip() for line in playlist.splitlines() if line.strip() and not line.startswith("#")}
    return lines | set(re.findall(r'URI="([^"]+)"', playlist))


class Kept:
    """Every address that somebody may have kept, and the entity tags of what it gave."""

    def __init__(self, app: App, moment: dict[str, Any], token: str) -> None:
        self.app, self.moment, self.token = app, moment, token
        self.tags: dict[str, str] = {}
        self.paths = sorted(set(self._paths()))

    def _paths(self) -> list[str]:
        found = []
        for route in every_route(self.app.asgi.router):
            if "GET" in route.methods and route.path.startswith(PAGES):
                found += self._filled(route)
        share = quote(f"http://test/s/{self.token}", safe="")
        found += [f"/v1/oembed?url={share}", f"/v1/oembed?url=http%3A%2F%2Ftest%2Fm%2F{self.moment['code']}"]
        found += [f"/embed/{self.moment['code']}?s={self.token}", f"/m/{self.moment['code']}/wide.mp4?purpose=download"]
        return found

    def _filled(self, route: APIRoute) -> list[str]:
        """The route's addresses for this moment, in every profile that there is. Pieces of HLS are kept as its
        playlists name them (``keep_hls``)."""
        names = {"code": self.moment["code"], "token": self.token}
        wanted = set(route.param_convertors)
        assert wanted <= {"code", "token", "profile", "version", "name", "window"}, (
            f"{route.path}: say how it is walked too"
        )
        if wanted & {"version", "window"}:  # windows: tests/adversary/test_title_media.py
            return []
        if "profile" in wanted:
            return [route.path.format(**names, profile=profile) for profile in (*PROFILES, "preview")]
        return [route.path.format(**names)]

    async def keep_hls(self) -> None:
        """Keep the playlists and every piece that they name."""
        unread = [f"/m/{self.moment['code']}/clip.m3u8"]
        while unread:
            path = unread.pop()
            answer = await fetched(self.app, path)
            self.tags[path] = answer.headers.get("etag", "")
            if path not in self.paths:
                self.paths.append(path)
            if path.endswith(".m3u8"):
                unread += [
                    urljoin(path, name) for name in named_in(answer.text) if urljoin(path, name) not in self.tags
                ]

    async def ask(self, path: str, method: str, headers: dict[str, str]) -> httpx.Response:
        if headers.get("If-None-Match") == "kept":
            headers = headers | {"If-None-Match": self.tags.get(path, '"none"')}
        return await self.app.http.request(method, path, headers=headers)


@pytest.fixture
async def kept(app: App, film: Path, tmp_path: Path) -> Kept:
    """A moment of which everything has been rendered and seen."""
    lines = tmp_path / "lines.srt"
    lines.write_text("1\n00:00:11,000 --> 00:00:13,000\nIs this the place?\n")
    await import_title(app.runtime, film, name="Numbers", released_on=date(2020, 1, 1), subtitles=lines)
    moment = await clipped(app, start=10, end=15)
    token = (await shared(app, moment=moment["code"]))["token"]
    kept = Kept(app, moment, token)
    async with worker(app):
        for name in ("wide.mp4", "preview.mp4", "poster.jpg", "captions.vtt"):
            answer = await fetched(app, f"/m/{moment['code']}/{name}")
            assert answer.content
            kept.tags[f"/m/{moment['code']}/{name}"] = answer.headers.get("etag", "")
        await kept.keep_hls()
    return kept


async def fetched(app: App, path: str) -> httpx.Response:
    for _ in range(20):
        answer = await app.http.get(path)
        if answer.status_code != 503:
            assert answer.status_code == 200, answer.text
            return answer
        await asyncio.sleep(0.5)
    raise AssertionError(f"{path} is never made")


ago = timedelta(seconds=1)

Restore = Callable[[], Awaitable[object]]


def rule(**terms: Any) -> Callable[[Kept], Awaitable[Restore]]:
    """A rule that forbids it, and how to take it back."""

    async def cause(kept: Kept) -> Restore:
        await set_rights(kept.app, **terms)
        return lambda: set_rights(kept.app)

    return cause


def window(**terms: Any) -> Callable[[Kept], Awaitable[Restore]]:
    async def cause(kept: Kept) -> Restore:
        body = {"scope": "title", "title": "numbers", **terms}
        ravi = kept.app.signed_in("ravi", "rights")
        made = (await kept.app.http.put("/v1/rights", json=body, headers=ravi)).json()
        return lambda: kept.app.http.delete(f"/v1/rights/{made['id']}", headers=ravi)

    return cause


def hidden(kind: str) -> Callable[[Kept], Awaitable[Restore]]:
    async def cause(kept: Kept) -> Restore:
        subject = {"kind": kind, "id": "numbers" if kind == "title" else kept.moment["code"]}
        tess = kept.app.signed_in("tess", "trust")
        body = {"subject": subject, "reason_code": "rights", "explanation": "Under review."}
        made = (await kept.app.http.post("/v1/decisions", json=body, headers=tess)).json()
        return lambda: kept.app.http.post(f"/v1/decisions/{made['id']}/lift", headers=tess)

    return cause


async def delete(kept: Kept) -> None:
    await kept.app.http.delete(f"/v1/moments/{kept.moment['id']}", headers=kept.app.signed_in("ada"))


async def without_captions(kept: Kept) -> Restore:
    async with kept.app.runtime.database.transaction() as session:
        await session.execute(remove(Line))
    await set_rights(kept.app, captions=True)
    return lambda: set_rights(kept.app)


ENDS: dict[str, Callable[[Kept], Awaitable[Restore | None]]] = {
    "licence ended": rule(closes_at=(utc_now() - ago).isoformat()),
    "embargo": rule(opens_at=(utc_now() + timedelta(days=1)).isoformat()),
    "sharing off": rule(sharing=False),
    "members only": rule(public_playback=False),
    "blocked": rule(blocked_ranges=[{"start_us": 14_900_000, "end_us": 20_000_000, "reason": "a song"}]),
    "window": window(sharing=False, speaks_from=(utc_now() - ago).isoformat()),
    "title hidden": hidden("title"),
    "moment hidden": hidden("moment"),
    "captions missing": without_captions,
    "deleted": delete,
}
"""Every way in which the right to a clip goes, in an order that leaves each to be taken back."""

HEADERS = [
    {},
    {"Range": "bytes=0-"},
    {"Range": "bytes=0-0"},
    {"Range": "bytes=-500"},
    {"Range": "bytes=0-10,20-30"},
    {"Range": "bytes=5-1"},
    {"If-None-Match": "kept"},
    {"If-Modified-Since": "Fri, 01 Jan 2038 00:00:00 GMT"},
    {"If-Range": "kept", "Range": "bytes=0-"},
    {"User-Agent": "facebookexternalhit/1.1", "Range": "bytes=0-524288"},
    {"Accept": "text/html"},
]


def assert_nothing(answer: httpx.Response, path: str, end: str) -> None:
    said = f"{end}: {path} → {answer.status_code} {answer.headers.get('content-type')}"
    assert answer.status_code >= 400, said
    assert not answer.headers.get("content-type", "").startswith(MEDIA), said
    assert "public" not in answer.headers.get("cache-control", ""), said


@pytest.mark.slow
async def test_no_address_gives_anything_once_the_right_has_gone(kept: Kept) -> None:
    assert any(path.endswith(".m3u8") for path in kept.paths)
    assert sum("/hls/" in path for path in kept.paths) > 2, "pieces of HLS are walked"
    assert len(kept.paths) > 15
    for end, cause in ENDS.items():
        restore = await cause(kept)
        for path in kept.paths:
            for method in ("GET", "HEAD"):
                answer = await kept.ask(path, method, {})
                if answer.status_code != 405:
                    assert_nothing(answer, path, end)
        if restore is not None:
            await restore()
            assert (await kept.app.http.get(f"/m/{kept.moment['code']}/wide.mp4")).status_code == 200, end


@pytest.mark.slow
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    number=st.integers(0, 10_000),
    method=st.sampled_from(["GET", "HEAD"]),
    headers=st.sampled_from(HEADERS),
    who=st.sampled_from([None, "ada", "ben"]),
    ended_s=st.floats(0.001, 10**8),
)
async def test_an_ended_licence_gives_nothing_however_it_is_asked(
    kept: Kept, number: int, method: str, headers: dict[str, str], who: str | None, ended_s: float
) -> None:
    ended = utc_now() - timedelta(seconds=ended_s)
    await set_rights(kept.app, closes_at=ended.isoformat())
    path = kept.paths[number % len(kept.paths)]
    signed = {} if who is None else kept.app.signed_in(who)
    answer = await kept.ask(path, method, headers | signed)
    if answer.status_code != 405:
        assert_nothing(answer, path, "licence ended")


@pytest.mark.slow
async def test_a_licence_ends_at_its_instant_and_nobody_has_to_do_anything(kept: Kept) -> None:
    ends = utc_now() + timedelta(seconds=1.5)
    await set_rights(kept.app, closes_at=ends.isoformat())
    path = f"/m/{kept.moment['code']}/wide.mp4"
    before = await kept.app.http.get(path)
    assert (before.status_code, before.headers["cache-control"]) == (200, "no-cache")
    await asyncio.sleep(max(0.0, (ends - utc_now()).total_seconds()) + 0.001)
    assert (await kept.app.http.get(path)).json()["code"] == "licence_ended"
    page = await kept.app.http.get(f"/s/{kept.token}", headers={"Accept": "text/html"})
    assert (page.status_code, "licence" in page.text) == (403, True)
