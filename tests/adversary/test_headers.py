"""Every 500 is a bug: each route is asked with each header in every bad shape that we know of."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeout

from groundswell.accounts.cross_site import is_cross_site
from groundswell.platform.host_check import HostCheck
from groundswell.platform.settings import Settings
from groundswell.platform.visitor_addresses import VisitorAddresses
from groundswell.web.route_powers import every_route
from tests.support import App

BAD: dict[str, list[bytes]] = {
    "Origin": [b"http://[::1", b"null", b"\xff\xfe", b"https://a@b:c:d", b"http://]["],
    "Referer": [b"http://[", b"\xff", b"http://[::1]:99999999/", b"javascript:alert(1)"],
    "Host": [b"[::1", b"a b", b"evil.example", b"\xff", b"test:99999999", b"test/../", b"", b"[" * 50],
    "Cookie": [b"gs_session=\xff", b"gs_session=a.b.c", b"gs_session=; =", b";" * 500],
    "Authorization": [b"Bearer \xff", b"Bearer a.b.c", b"Bearer gsk_\xff", b"Basic \x00", b"Bearer e30.e30.e30"],
    "Accept": [b"\xff", b"text/html;q=x", b"," * 300],
    "Accept-Encoding": [b"\xff"],
    "Accept-Language": [b"\xff", b"*;q=;;"],
    "User-Agent": [b"\xff\xfe", b"", b"x" * 5000],
    "Range": [b"bytes=", b"bytes=--1", b"bytes=99999999999999999999-", b"items=1-2", b"\xff"],
    "If-Range": [b'"', b"W/", b"\xff", b"Thu, 99 Foo 0000 99:99:99 GMT"],
    "If-None-Match": [b"\xff", b'"', b"*,*"],
    "If-Match": [b"\xff", b'"'],
    "If-Modified-Since": [b"never", b"\xff", b"Thu, 01 Jan 99999 00:00:00 GMT", b"0"],
    "If-Unmodified-Since": [b"never", b"Mon, 32 Dec 1969 25:61:61 +9999"],
    "Content-Type": [
        b"\xff",
        b"multipart/form-data",
        b"application/json; charset=\xff",
        b"application/x-www-form-urlencoded",
    ],
    "Idempotency-Key": [b"\xff", b"x" * 300, b"\x7f", b" "],
    "Sec-Fetch-Site": [b"\xff", b"cross-site"],
    "Sec-Fetch-Dest": [b"iframe", b"\xff"],
    "X-Forwarded-For": [b"\xff", b"[", b"1.2.3.4.5, ,"],
    "X-Forwarded-Proto": [b"\xff", b"gopher"],
    "Stripe-Signature": [b"t=,v1=", b"\xff", b"t=x,v1=\xff", b"t=99999999999999999999,v1=00"],
    "CF-IPCountry": [b"\xff", b"deutschland"],
    "Last-Event-ID": [b"\xff"],
}
TOGETHER: list[tuple[str, ...]] = [
    ("Host",),
    ("Cookie", "Accept"),
    ("Authorization", "X-Forwarded-Proto"),
    ("Origin", "Referer", "If-Match", "Last-Event-ID"),
    ("Sec-Fetch-Site", "Sec-Fetch-Dest", "User-Agent"),
    ("Content-Type", "Stripe-Signature", "X-Forwarded-For", "Accept-Language", "If-None-Match"),
    (
        "Range", "If-Range", "If-Modified-Since", "If-Unmodified-Since", "Accept-Encoding", "Idempotency-Key",
        "CF-IPCountry",
    ),
]  # fmt: skip
"""Headers that one request carries side by side, since none of them keeps another from being read: every route is
asked once for each of these, not once for each header. Where a bad value is refused before anything else is looked
at (a name that is not ours, a person unknown), it goes with what is read before it."""

PATIENCE_S = 120
"""What a machine that is busy with other things may take to answer; no answer at all is the fault looked for."""


async def asked(app: App, method: str, path: str, headers: list[tuple[bytes, bytes]], body: bytes) -> int:
    """The status with which the application answers, asked over plain ASGI: no client mends the headers."""
    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": headers,
        "client": ("127.0.0.1", 1), "server": ("test", 80),
    }  # fmt: skip
    status: list[int] = []
    answered = asyncio.Event()
    sent = False

    async def receive() -> dict[str, Any]:
        nonlocal sent
        if not sent:
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}
        await answered.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            status.append(message["status"])
            answered.set()

    try:
        await asyncio.wait_for(app.asgi(scope, receive, send), PATIENCE_S)  # type: ignore[arg-type]
    except Exception as error:
        raise AssertionError(f"{method} {path} {headers}: {error!r}") from error
    return status[0]


def addresses(app: App) -> list[tuple[str, str]]:
    """Every route with every method, with names that nothing has."""
    found = set()
    for route in every_route(app.asgi.router):
        names = dict.fromkeys(route.param_convertors, "zzzzzzzzzz")
        if route.path.endswith("/progress"):
            continue  # a stream; asked for something unknown it ends at once, but it is walked with the others' names
        found |= {(method, route.path.format(**names)) for method in route.methods or ()}
    return sorted(found)


def test_every_header_goes_with_others_once() -> None:
    assert sorted(name for names in TOGETHER for name in names) == sorted(BAD)


@pytest.mark.slow
@pytest.mark.parametrize("names", TOGETHER, ids="+".join)
async def test_no_header_breaks_any_route(shared_app: App, names: tuple[str, ...]) -> None:
    app = shared_app
    app.runtime.settings.reports_fresh_s = 600  # they are computed once, not once for each of these
    cookie = (await app.session("ava", "admin"))["Cookie"].encode()
    walked = 0
    for number, (method, path) in enumerate(addresses(app)):
        headers = {b"host": b"test", b"cookie": cookie, b"accept": b"text/html"}
        if "Authorization" in names:
            headers.pop(b"cookie")
        headers |= {b"content-type": b"application/x-www-form-urlencoded"} if method == "POST" else {}
        bad = {name.lower().encode(): BAD[name][number % len(BAD[name])] for name in names}
        body = b"a=b" if method in {"POST", "PUT", "PATCH"} else b""
        status = await asked(app, method, path, list((headers | bad).items()), body)
        assert status < 500, (method, path, bad, status)
        walked += 1
    assert walked > 150


@pytest.mark.parametrize("values", BAD.values(), ids=BAD)
async def test_every_bad_value_on_the_busiest_routes(shared_app: App, values: list[bytes]) -> None:
    name = next(key for key, each in BAD.items() if each is values)
    for value in values:
        for method, path in (("GET", "/v1/titles"), ("GET", "/embed/x"), ("POST", "/v1/events"), ("GET", "/s/x/go")):
            status = await asked(shared_app, method, path, [(b"host", b"test"), (name.lower().encode(), value)], b"{}")
            assert status < 500, (path, name, value)


async def test_a_full_pool_is_a_passing_trouble_and_says_when_to_come_back(app: App) -> None:
    @app.asgi.get("/v1/busy")
    async def busy() -> None:
        raise PoolTimeout("QueuePool limit of size 10 overflow 10 reached")

    answer = await app.http.get("/v1/busy")
    assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
    assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    ("headers", "cross"),
    [
        ({"host": "test"}, False),
        ({"host": "test", "cookie": "a=b"}, True),
        ({"host": "test", "cookie": "a=b", "origin": "http://test"}, False),
        ({"host": "test", "cookie": "a=b", "sec-fetch-site": "same-origin"}, False),
        ({"host": "test", "origin": "http://test"}, False),
        ({"host": "test", "origin": "http://evil"}, True),
        ({"host": "test", "origin": "null"}, True),
        ({"host": "test", "origin": "http://[::1"}, True),
        ({"host": "test", "sec-fetch-site": "cross-site"}, True),
        ({"host": "test", "sec-fetch-site": "same-site"}, True),
        ({"host": "test", "sec-fetch-site": "same-origin", "origin": "http://test"}, False),
        ({"host": "test", "sec-fetch-site": "same-origin", "origin": "http://evil"}, True),
    ],
)
def test_what_comes_from_another_site(headers: dict[str, str], cross: bool) -> None:
    assert is_cross_site(httpx.Headers(headers)) is cross  # type: ignore[arg-type]


async def test_a_form_of_another_site_does_nothing(shared_app: App) -> None:
    cookie = await shared_app.session("mira", "marketer")
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil"}, {"Origin": "http://[::1"}):
        for path in ("/v1/moments", "/v1/campaigns", "/console/campaigns"):
            answer = await shared_app.http.post(path, headers={**cookie, **headers}, json={})
            assert answer.status_code == 403, (path, headers)


@pytest.mark.parametrize(
    ("host", "good"),
    [
        (b"moments.example", True), (b"MOMENTS.example:443", True), (b"go.example", True), (b"localhost:8000", True),
        (b"10.0.0.7:8000", True), (b"[::1]", True), (b"evil.example", False), (b"moments.example.evil", False),
        (b"[::1", False), (b"a b", False), (b"", False), (b"moments.example@evil", False),
    ],
)  # fmt: skip
def test_only_our_own_names_are_answered(host: bytes, good: bool) -> None:
    check = HostCheck(Settings(base_url="https://moments.example", links_url="https://go.example"))
    scope = {"type": "http", "path": "/", "headers": [(b"host", host)]}
    assert check.passes(scope) is good
    assert check.passes(scope) is good, "also when asked again"
    assert not check.passes(scope | {"headers": [(b"host", host)] * 2})
    assert check.passes(scope | {"path": "/healthz"})
    assert HostCheck(Settings(hosts=["*"])).passes(scope) is (
        host not in {b"[::1", b"a b", b"", b"moments.example@evil"}
    )


def test_visitors_who_all_have_one_address_are_noticed_once() -> None:
    one, two = VisitorAddresses(5), VisitorAddresses(5)
    assert [one.note("10.0.0.1") for _ in range(8)].count(True) == 1
    assert not any(two.note(f"10.0.0.{n % 2}") for n in range(50))
