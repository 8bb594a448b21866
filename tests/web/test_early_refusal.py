"""Requests that are refused unread: the same answers, and only where a head can be read in one way."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from groundswell.platform.host_check import HostCheck
from groundswell.web.admission import Admission
from groundswell.web.app import Application
from groundswell.web.early_refusal import EarlyRefusals
from tests.support import App
from tests.web.test_fast_path import serving

DATE = re.compile(rb"^date: .*\r\n", re.M)
GET = b"GET /v1/me HTTP/1.1\r\nHost: test\r\nUser-Agent: a browser\r\n"


@pytest.fixture
async def full(app: App) -> EarlyRefusals:
    """What refuses early, in an application where viewers are refused, and visitors and their links too."""
    return await filled(app)


@pytest.fixture(scope="module")
async def always_full(shared_app: App) -> EarlyRefusals:
    """The same, for tests that only look at heads."""
    return await filled(shared_app)


async def filled(app: App) -> EarlyRefusals:
    await app.http.get("/v1/me")
    admission = app.services.get(Admission)
    for name in ("viewers", "visitors"):
        line = admission.lines[name]
        line.inside = line.kind.most
        line.fair.refused(name, float("inf"))
    return EarlyRefusals(app.asgi, admission, app.services.get(HostCheck))


HEADS = {
    "for a program": GET + b"\r\n",
    "with a query": GET.replace(b"/v1/me", b"/v1/moments?limit=5") + b"\r\n",
    "for a page": GET.replace(b"/v1/me", b"/moments") + b"Accept: text/html\r\n\r\n",
    "in German": GET.replace(b"/v1/me", b"/moments") + b"accept: text/html\r\naccept-language: de-AT,en;q=0.5\r\n\r\n",
    "with a cookie": GET + b"Cookie: gs_session=gss_none\r\n\r\n",
    "kept alive": GET + b"Connection: keep-alive\r\n\r\n",
}


async def exchanged(port: int, head: bytes, times: int = 2) -> list[bytes]:
    """What comes back for ``head``, sent so often on one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = []
    for _ in range(times):
        writer.write(head)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        answers.append(answer + await reader.readexactly(length))
    writer.close()
    return answers


@pytest.fixture
async def port(app: App) -> AsyncIterator[int]:
    async with serving(app) as port:
        yield port


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
async def test_what_is_refused_unread_is_refused_as_always(
    app: App, full: EarlyRefusals, port: int, head: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert full.of(head) is not None
    early = await exchanged(port, head)
    monkeypatch.setattr(Application, "refusal_unread", lambda self, head: None)
    usual = await exchanged(port, head)
    assert {DATE.sub(b"", each) for each in early} == {DATE.sub(b"", each) for each in usual}
    assert early[0].startswith(b"HTTP/1.1 503 ")


@pytest.mark.parametrize(
    "head",
    [
        GET.replace(b"GET", b"POST") + b"\r\n",
        GET.replace(b"GET", b"HEAD") + b"\r\n",
        GET.replace(b"1.1", b"1.0") + b"\r\n",
        GET.replace(b"/v1/me", b"http://test/v1/me") + b"\r\n",
        GET.replace(b"/v1/me", b"/v1/%6de") + b"\r\n",
        GET.replace(b"/v1/me", b"/moments?lang=de") + b"\r\n",
        GET.replace(b"/v1/me", b"/healthz") + b"\r\n",
        GET.replace(b"/v1/me", b"/console") + b"\r\n",
        GET.replace(b"/v1/me", b"/s/abc/go") + b"\r\n",
        GET.replace(b"Host: test", b"Host: evil.example") + b"\r\n",
        GET.replace(b"Host: test\r\n", b"") + b"\r\n",
        GET + b"Host: test\r\n\r\n",
        GET + b"Cookie: gs_lang=de\r\n\r\n",
        GET + b"Content-Length: 4\r\n\r\n",
        GET + b"content-length: 0\r\n\r\n",
        GET + b"Transfer-Encoding: chunked\r\n\r\n",
        GET + b"Connection: close\r\n\r\n",
        GET + b"Connection: keep-alive, upgrade\r\n\r\n",
        GET + b"Upgrade: websocket\r\n\r\n",
        GET + b"Expect: 100-continue\r\n\r\n",
        GET + b" folded\r\n\r\n",
        GET + b"X\n\nGET / HTTP/1.1\r\n\r\n",
        GET + b"X : a\r\n\r\n",
        GET + b"X: \0\r\n\r\n",
        GET + b"X: " + b"a" * 5000 + b"\r\n\r\n",
        GET + b"\r\n" + GET + b"\r\n",
        GET,
        b"\r\n\r\n",
        b"",
    ],
)
def test_whatever_is_more_than_a_plain_head_is_read(always_full: EarlyRefusals, head: bytes) -> None:
    assert always_full.of(head) is None


async def test_nothing_is_looked_at_where_nobody_is_refused(app: App, port: int) -> None:
    app.services.get(HostCheck)._good.add(b"test")
    assert app.asgi.refusal_unread(GET + b"\r\n") is None  # type: ignore[attr-defined]
    (answer,) = await exchanged(port, GET + b"\r\n", 1)
    assert answer.startswith(b"HTTP/1.1 401 ")


async def test_a_connection_is_read_again_once_there_is_room(app: App, full: EarlyRefusals, port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GET + b"\r\n")
    assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 503 ")
    await reader.readuntil(b"}")
    for line in app.services.get(Admission).lines.values():
        line.inside = 0
    body = b'{"nonsense": 1}'
    post = GET.replace(b"GET /v1/me", b"POST /v1/moments") + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    for piece in (post[:50], post[50:]):
        writer.write(piece)
        await asyncio.sleep(0.05)
    assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 401 ")
    writer.close()
