"""Requests that two programs read differently: whatever a proxy before us takes them for, nothing is smuggled.

Raw bytes to the whole application, served as it is. What is refused closes its connection, so that what comes after it
is nobody's request; what is answered is answered once.
"""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from groundswell.web.connection_refusals import RequestMalformed
from tests.support import App
from tests.web.test_fast_path import serving

INNER = b"GET /v1/smuggled HTTP/1.1\r\nHost: test\r\n\r\n"
POST = b"POST /v1/notices HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


@pytest.fixture(scope="module")
async def port(shared_app: App) -> AsyncIterator[int]:
    async with serving(shared_app) as port:
        yield port


async def said(port: int, sent: bytes, wait_s: float = 5) -> bytes:
    """All that comes back until the server closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    answer = b""
    try:
        async with asyncio.timeout(wait_s):
            while piece := await reader.read(65536):
                answer += piece
    except (TimeoutError, ConnectionError):
        pass
    writer.close()
    return answer


def statuses(answer: bytes) -> list[int]:
    return [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]


def size(body: bytes, *more: bytes) -> bytes:
    return b"".join([b"Content-Length: %d\r\n" % len(body), *more, b"\r\n", body])


@pytest.mark.parametrize(
    "rest",
    [
        size(INNER, b"Content-Length: 0\r\n"),
        size(INNER, b"Content-Length: %d\r\n" % len(INNER)),
        b"Content-Length: 0, 0\r\n\r\n" + INNER,
        b"Content-Length: +0\r\n\r\n" + INNER,
        b"Content-Length: -1\r\n\r\n" + INNER,
        b"Content-Length: 0x0\r\n\r\n" + INNER,
        b"Content-Length : 0\r\n\r\n" + INNER,
        b"Content-Length: 99999999999999999999999\r\n\r\n" + INNER,
        size(b"0\r\n\r\n" + INNER, CHUNKED),
        CHUNKED + size(b"0\r\n\r\n" + INNER),
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + INNER,
        b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + INNER,
        b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + INNER,
        b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + INNER,
        b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + INNER,
        b"X: y\r\n" + CHUNKED[:-2] + b"\x0b\r\n\r\n0\r\n\r\n" + INNER,
        CHUNKED + b"\r\n0x0\r\n\r\n" + INNER,
        CHUNKED + b"\r\n-1\r\n\r\n" + INNER,
        CHUNKED + b"\r\n1\r\nab\r\n0\r\n\r\n" + INNER,
        CHUNKED + b"\r\nfffffffffffffffff\r\n\r\n" + INNER,
        CHUNKED + b"\r\n0\n\n" + INNER,
        b"X: a\rb\r\nContent-Length: 0\r\n\r\n" + INNER,
        b"X: a\0b\r\nContent-Length: 0\r\n\r\n" + INNER,
        b"X\0: a\r\nContent-Length: 0\r\n\r\n" + INNER,
        b"Host: test\r\nContent-Length: 0\r\n\r\n" + INNER,
        b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        b"Content-Type: text/plain\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        b"Idempotency-Key: a\r\nIdempotency-Key: b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    ],
)
async def test_what_frames_a_body_in_two_ways_is_refused_and_nothing_behind_it_is_a_request(
    port: int, rest: bytes
) -> None:
    answer = await said(port, POST + rest)
    found = statuses(answer)
    assert b"smuggled" not in answer
    assert found.count(404) == 0, answer
    assert found == [] or found[0] in {400, 413, 431}, answer


@pytest.mark.slow
@pytest.mark.parametrize(
    "head",
    [
        b"GET http://evil.example/v1/me HTTP/1.1\r\nHost: test\r\n\r\n",
        b"GET https://test@evil.example/v1/me HTTP/1.1\r\nHost: test\r\n\r\n",
        b"GET http://test/v1/me HTTP/1.1\r\n\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: test\r\n\r\n",
        b"GET evil.example/v1/me HTTP/1.1\r\nHost: test\r\n\r\n",
        b"GET /v1/me HTTP/1.1 x\r\nHost: test\r\n\r\n",
        b"GET /v1/me HTTP/2.0\r\nHost: test\r\n\r\n",
        b"GET /v1/me HTTP/1.1\r\nHost: test@evil.example\r\n\r\n",
        b"GET /v1/me HTTP/1.1\r\nHost: test, evil.example\r\n\r\n",
        b"GET /v1/me HTTP/1.1\r\nHost: test\r\nHost: evil.example\r\n\r\n",
        b" GET /v1/me HTTP/1.1\r\nHost: test\r\n\r\n",
    ],
)
async def test_a_target_or_host_that_is_not_ours_is_answered_by_nobody(port: int, head: bytes) -> None:
    answer = await said(port, head, 2)
    assert statuses(answer) in ([], [400], [404], [405]), answer
    if statuses(answer) == [400] and b"application/problem+json" in answer:
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] in {
            RequestMalformed.code, "host_unknown", "header_repeated",
        }  # fmt: skip
    else:
        assert b"evil" not in head, answer


async def test_an_address_of_ours_as_a_target_is_answered(port: int) -> None:
    head = b"GET http://test/healthz HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
    assert statuses(await said(port, head)) == [200]


@pytest.mark.slow
async def test_what_a_stranger_says_of_others_is_not_believed(shared_app: App) -> None:
    """No header of a request says who asks, from where or under which name, but Host and what a trusted proxy adds."""
    told = {
        "X-Forwarded-For": "10.9.8.7",
        "Forwarded": "for=10.9.8.7;host=evil.example;proto=https",
        "X-Real-IP": "10.9.8.7",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "X-Original-URL": "/v1/me",
        "X-Rewrite-URL": "/v1/me",
        "X-HTTP-Method-Override": "DELETE",
    }
    for path in ("/", "/discover", "/v1/openapi.json", "/session/start", "/healthz"):
        plain, answer = await shared_app.http.get(path), await shared_app.http.get(path, headers=told)
        assert answer.status_code == plain.status_code
        assert "evil.example" not in answer.text + str(answer.headers)
        assert "10.9.8.7" not in answer.text


SECRET_FILES = ("/static/..%2f..%2fserver.py", "/static/%2e%2e/server.py", "/static/%2e%2e%2f%2e%2e%2fpyproject.toml")


@pytest.mark.parametrize("path", [*SECRET_FILES, "/static/%00", "/static//etc/passwd", "/static/..\\server.py"])
async def test_no_path_leaves_its_folder(port: int, path: str) -> None:
    answer = await said(port, f"GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n".encode())
    assert statuses(answer) in ([404], [400]), answer


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/",
        "//evil.example",
        "/\\evil.example/",
        "/%5cevil.example",
        "/%2f/evil.example/",
        "///evil.example/",
    ],
)
async def test_no_path_leads_to_another_site(shared_app: App, path: str) -> None:
    url = httpx.URL("http://test").copy_with(raw_path=path.encode())
    answer = await shared_app.http.get(url)
    leads = answer.headers.get("location", "/")
    assert answer.status_code == 404 or (leads.startswith("/") and not leads.startswith(("//", "/\\"))), leads


async def test_many_ranges_of_a_file_are_no_more_work_than_the_file(shared_app: App) -> None:
    whole = await shared_app.http.get("/push-worker.js")
    assert whole.status_code == 200
    for ranges in (
        ",".join(["0-"] * 2000),
        ",".join(f"{n}-{n}" for n in range(2000)),
        "0-0," * 3000 + "0-0",
        ",".join(["0-18446744073709551616"] * 10),
    ):
        answer = await shared_app.http.get("/push-worker.js", headers={"Range": f"bytes={ranges}"})
        assert answer.status_code in {200, 206, 400, 416}, answer.status_code
        assert len(answer.content) <= 2 * len(whole.content) + 200_000


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 500_000,
        b'{"title":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"title": "numbers", "start_us": ' + b"9" * 5000 + b', "end_us": 1}',
        b'{"title": "numbers", "start_us": NaN, "end_us": Infinity}',
        b'{"title": "numbers", "start_us": 1e400, "end_us": -1e400}',
        b'{"title": "\\ud800", "start_us": 0, "end_us": 5000000}',
        b'{"title": "numbers", "title": "other", "start_us": 0, "end_us": 5000000}',
        b'\xff\xfe{"title": 1}',
        b"{" + b",".join(b'"k%d": 0' % n for n in range(60_000)) + b"}",
    ],
)
async def test_no_json_is_more_than_an_invalid_request(shared_app: App, body: bytes) -> None:
    headers = shared_app.signed_in() | {"Content-Type": "application/json"}
    for path in ("/v1/moments", "/v1/events", "/v1/notices", "/v1/collections"):
        answer = await shared_app.http.post(path, content=body, headers=headers)
        assert 400 <= answer.status_code < 500, (path, answer.text[:200])
        assert len(answer.content) < 20_000, "and nobody is sent their own words back by the megabyte"


async def test_cookies_of_any_size_and_number_sign_nobody_in(shared_app: App) -> None:
    for cookies in (
        "a=" + "b" * 8000,
        "; ".join(f"c{n}=d" for n in range(1500)),
        "gs_session=" + "x" * 8000,
        '="; ;;=',
    ):
        answer = await shared_app.http.get("/v1/me", headers={"Cookie": cookies})
        assert answer.status_code == 401, answer.text
