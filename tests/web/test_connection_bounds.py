"""What a connection may cost before its request is understood: raw sockets against bounds that are set low."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from groundswell.platform.settings import Settings
from groundswell.web.connection_bounds import BoundedProtocol, Bounds, Connections, unbounded

BOUNDS = Bounds(
    head_bytes=20_000,
    head_count=20,
    head_s=0.2,
    body_grace_s=0.2,
    unread_s=0.3,
    connections=40,
    connections_per_client=30,
    half_open=10,
)
PATIENCE_S = 20
HUGE = 64 << 20


class Server:
    """A server with one application, which says how much of a body it got, or sends a great deal."""

    def __init__(self) -> None:
        self.port = 0
        self.asked: list[str] = []
        self.headers: list[tuple[bytes, bytes]] = []
        self.running: uvicorn.Server | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(scope["path"])
        self.headers = scope["headers"]
        size, more = 0, scope["path"] != "/unread"
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.asked.append("gone")
                return
            size, more = size + len(message["body"]), message["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        body = bytes(HUGE) if scope["path"] == "/huge" else str(size).encode()
        await send({"type": "http.response.body", "body": body})

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(self, *pieces: bytes) -> bytes:
        """What comes back for ``pieces`` until the server closes the connection."""
        reader, writer = await self.connect()
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
        except ConnectionError:
            pass
        return await until_closed(reader)


async def until_closed(reader: asyncio.StreamReader) -> bytes:
    came = b""
    async with asyncio.timeout(PATIENCE_S):
        try:
            while piece := await reader.read(65536):
                came += piece
        except ConnectionError:
            pass
    return came


@asynccontextmanager
async def serving(bounds: Bounds, trusted: list[str] | None = None) -> AsyncIterator[tuple[Server, Connections]]:
    server, connections = Server(), Connections(bounds, trusted)
    config = uvicorn.Config(
        server, host="127.0.0.1", port=0, lifespan="off", log_config=None, access_log=False,
        http=partial(BoundedProtocol, connections=connections),  # type: ignore[arg-type]
    )  # fmt: skip
    running = uvicorn.Server(config)
    running.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(running._serve())
    while not running.started:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    server.port = running.servers[0].sockets[0].getsockname()[1]
    try:
        yield server, connections
    finally:
        running.should_exit = True
        await task


def refused(answer: bytes) -> tuple[int, str]:
    """Status and reason code."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    assert b"connection: close" in head
    return int(head.split()[1]), json.loads(body)["code"]


GET = b"GET / HTTP/1.1\r\nHost: test\r\n"


async def test_a_request_within_the_bounds_is_answered() -> None:
    async with serving(BOUNDS) as (server, connections):
        post = b"POST /%d HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n%s\r\nhello"
        answer = await server.ask(*[post % (n, b"") for n in range(5)], post % (5, b"Connection: close\r\n"))
        assert answer.count(b"HTTP/1.1 200") == 6
        assert server.asked == [f"/{n}" for n in range(6)]
    assert not connections.open
    assert not connections.by_client
    assert not connections.half_open


async def test_requests_that_come_byte_by_byte_are_answered_too() -> None:
    async with serving(BOUNDS) as (server, _):
        request = GET + b"Content-Length: 3\r\nConnection: close\r\n\r\nabc"
        answer = await server.ask(*[bytes([byte]) for byte in request])
        assert answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "head",
    [
        pytest.param([b"GET /" + b"x" * 30_000 + b" HTTP/1.1\r\n\r\n"], id="a long address"),
        pytest.param([GET, b"X: " + b"x" * 30_000 + b"\r\n\r\n"], id="a long header"),
        pytest.param([GET, b"X" * 30_000 + b": x\r\n\r\n"], id="a long name"),
        pytest.param([GET, *[b"X-%d: x\r\n" % n for n in range(30)], b"\r\n"], id="many headers"),
    ],
)
async def test_a_head_that_is_too_large_is_refused(head: list[bytes]) -> None:
    async with serving(BOUNDS) as (server, _):
        assert refused(await server.ask(*head)) == (431, "head_too_large")
        answer = await server.ask(GET + b"\r\n", *head)
        assert answer.startswith(b"HTTP/1.1 200")
        assert server.asked == ["/"], "the second on a connection neither"


@pytest.mark.parametrize(
    "head",
    [
        pytest.param([GET, *[b"X-%d: x\r\n" % n for n in range(100_000)]], id="headers"),
        pytest.param([GET, b"X: ", *[b"x" * 10_000] * 5000], id="a header"),
        pytest.param([b"GET /", *[b"x" * 10_000] * 5000], id="an address"),
    ],
)
async def test_a_head_without_end_is_not_read_to_its_end(head: list[bytes]) -> None:
    async with serving(BOUNDS) as (server, connections):
        answer = await server.ask(*head)
        assert not answer or refused(answer) == (431, "head_too_large"), "the refusal may be lost in what is still sent"
        assert server.asked == []
        assert not connections.open


CHUNKED = b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param([b"0\r\n", *[b"X-%d: %s\r\n" % (n, b"x" * 1000) for n in range(200)]], id="many trailers"),
        pytest.param([b"0\r\nX: ", *[b"x" * 10_000] * 20], id="a long trailer"),
        pytest.param([b"1;", *[b"x" * 10_000] * 20], id="a long extension of a chunk"),
    ],
)
async def test_what_frames_a_body_is_not_read_to_its_end(rest: list[bytes]) -> None:
    async with serving(BOUNDS) as (server, connections):
        assert refused(await server.ask(CHUNKED, b"5\r\nhello\r\n", *rest)) == (431, "head_too_large")
    assert not connections.open


async def test_a_body_in_small_chunks_arrives_and_its_trailers_are_no_headers() -> None:
    async with serving(BOUNDS) as (server, _):
        answer = await server.ask(CHUNKED, *[b"1\r\nx\r\n"] * 500, b"0\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n")
        assert answer.endswith(b"\r\n500") or b"\r\n3\r\n500\r\n" in answer
        assert b"x-forwarded-for" not in [name for name, _ in server.headers]


@pytest.mark.slow
async def test_no_upgrade_takes_a_connection_out_of_its_bounds() -> None:
    upgrade = b"Connection: Upgrade\r\nUpgrade: %s\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n\r\n"
    async with serving(BOUNDS) as (server, connections):
        protocols = (b"websocket", b"h2c", b"WebSocket, h2c")
        for answer in await asyncio.gather(*[server.ask(GET + upgrade % protocol) for protocol in protocols]):
            assert answer.startswith(b"HTTP/1.1 200"), "as if it had not asked"
        async with asyncio.timeout(PATIENCE_S):
            while connections.open or connections.by_client:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_one_that_cannot_be_looked_at_keeps_no_other_from_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = BoundedProtocol.look
    odd: list[BoundedProtocol] = []

    def look(self: BoundedProtocol, now: float, elapsed: float) -> None:
        if not odd:
            odd.append(self)
        if self is odd[0]:
            raise AttributeError("odd")
        usual(self, now, elapsed)

    monkeypatch.setattr(BoundedProtocol, "look", look)
    async with serving(BOUNDS) as (server, _):
        first, second = await asyncio.gather(server.ask(GET), server.ask(GET))
        assert sorted([first == b"", second == b""]) == [False, True]
        assert refused(first or second) == (408, "request_too_slow")


async def test_what_is_no_http_is_told_so() -> None:
    async with serving(BOUNDS) as (server, _):
        assert refused(await server.ask(b"\x16\x03\x01 hello\r\n\r\n")) == (400, "request_malformed")


async def test_a_head_that_does_not_come_is_given_up() -> None:
    async with serving(BOUNDS) as (server, connections):
        assert refused(await server.ask(GET)) == (408, "request_too_slow")
        assert await server.ask(b"") == b"", "who says nothing is told nothing"
        answer = await server.ask(GET + b"\r\n" + GET)
        assert answer.startswith(b"HTTP/1.1 200")
        assert refused(answer[answer.index(b"HTTP/1.1 408") :]) == (408, "request_too_slow")
    assert not connections.open


async def test_a_head_that_drips_is_given_up() -> None:
    async with serving(BOUNDS) as (server, _):
        reader, writer = await server.connect()

        async def drip() -> None:
            writer.write(GET)
            while True:
                writer.write(b"X: y\r\n")
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        answer = await until_closed(reader)
        dripping.cancel()
        code = refused(answer)
        assert code in {(408, "request_too_slow"), (431, "head_too_large")}
        assert server.asked == []


async def test_a_body_that_drips_is_given_up_and_its_request_let_go() -> None:
    async with serving(BOUNDS) as (server, _):
        answer = await server.ask(b"POST /drip HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n", b"x")
        assert refused(answer) == (408, "request_too_slow")
        assert server.asked == ["/drip", "gone"]


async def test_what_is_sent_after_the_answer_is_not_read_for_ever() -> None:
    async with serving(BOUNDS) as (server, connections):
        _, writer = await server.connect()
        writer.write(b"POST /unread HTTP/1.1\r\nHost: test\r\nContent-Length: 100000000\r\n\r\n")
        sent = 0
        with suppress(ConnectionError):
            while sent < 100_000_000:
                writer.write(bytes(100_000))
                await writer.drain()
                sent += 100_000
        assert sent < 50_000_000
        assert not connections.open
        writer.transport.abort()


async def test_who_does_not_fetch_the_answer_is_let_go() -> None:
    async with serving(BOUNDS) as (server, connections):
        _, writer = await server.connect()
        writer.transport.pause_reading()
        writer.write(b"GET /huge HTTP/1.1\r\nHost: test\r\n\r\n")
        async with asyncio.timeout(PATIENCE_S):
            while "/huge" not in server.asked or connections.open:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        writer.transport.abort()


async def test_one_client_has_so_many_connections_and_trusted_proxies_as_many_as_there_are() -> None:
    bounds = Bounds(connections=12, connections_per_client=5)
    request = GET + b"Connection: close\r\n\r\n"
    async with serving(bounds) as (server, connections):
        held = [await server.connect() for _ in range(5)]
        assert refused(await server.ask(request)) == (429, "too_many_connections")
        held.pop()[1].transport.abort()
        async with asyncio.timeout(PATIENCE_S):
            while len(connections.open) > 4:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert (await server.ask(request)).startswith(b"HTTP/1.1 200")
        for _, writer in held:
            writer.transport.abort()
    async with serving(bounds, ["127.0.0.0/8"]) as (server, _):
        held = [await server.connect() for _ in range(12)]
        answer = await server.ask(request)
        assert refused(answer) == (503, "connections_full")
        assert b"retry-after: 2" in answer
        for _, writer in held:
            writer.transport.abort()


async def test_half_open_requests_make_room_for_whole_ones() -> None:
    async with serving(Bounds(half_open=10)) as (server, connections):
        held = [await server.connect() for _ in range(30)]
        for _, writer in held:
            writer.write(GET)
        assert (await server.ask(GET + b"Connection: close\r\n\r\n")).startswith(b"HTTP/1.1 200")
        async with asyncio.timeout(PATIENCE_S):
            while len(connections.open) > 10:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert len(connections.half_open) <= 10
        for _, writer in held:
            writer.transport.abort()


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("10.1.2.3", None),
        ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002"),
        ("2001:db8:1:2:ffff::1", "2001:0db8:0001:0002"),
        (None, None),
        ("unix", None),
    ],
)
def test_clients_are_told_apart_by_address_or_network(address: str | None, key: str | None) -> None:
    assert Connections(BOUNDS, ["10.0.0.0/8", "my-proxy"]).client_key(address) == key


def test_behind_any_proxy_nobody_is_told_apart() -> None:
    assert Connections(BOUNDS, ["*"]).client_key("192.0.2.1") is None


def test_the_bounds_come_from_the_settings() -> None:
    assert Bounds.of(Settings()) == Bounds()


def test_the_installed_uvicorn_can_be_bounded() -> None:
    assert unbounded() == []
