"""Fetching from addresses that others have named."""

import asyncio
import contextlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import groundswell
from groundswell.platform.outbound import (
    AddressNotAllowed,
    AddressUnreachable,
    AnswerOfAnotherKind,
    AnswerRefused,
    AnswerTooLarge,
    AnswerTooSlow,
    Outbound,
    fetch,
)
from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings

LOOPBACK = ["127.0.0.0/8", "::1/128"]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        target = self.path.removeprefix("/to/")
        if target != self.path:
            self.send_response(302)
            self.send_header("Location", target)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = b"x" * 5000
        self.send_response(404 if self.path == "/gone" else 200)
        self.send_header("Content-Type", "text/html" if self.path == "/page" else "video/mp4")
        self.send_header("Content-Length", str(len(body) + (self.path == "/hangs")))
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body)
            if self.path == "/hangs":
                threading.Event().wait(2)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def home() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def outbound(tmp_path: Path, hosts: list[str] | None = None, networks: list[str] | None = None) -> Outbound:
    return Outbound(Settings(data_dir=tmp_path, outbound_hosts=hosts or [], outbound_networks=networks or []))


async def asked(way: Outbound, url: str, **options: object) -> str:
    """The code of the refusal, or the length of what came."""
    async with way.client() as client:
        try:
            return str(len((await fetch(client, url, most_bytes=10_000, **options)).content))  # type: ignore[arg-type]
        except Problem as refusal:
            return refusal.reason()


@pytest.mark.slow
async def test_what_is_not_public_is_asked_only_where_the_settings_name_its_network(tmp_path: Path, home: str) -> None:
    port = home.rpartition(":")[2]
    closed, open_ = outbound(tmp_path), outbound(tmp_path, networks=LOOPBACK)
    assert await asked(open_, f"{home}/film") == "5000"
    for url in (
        f"{home}/film",
        f"https://127.0.0.1:{port}/",
        "https://localhost/",
        "https://[::1]/",
        "https://0.0.0.0/",
    ):
        assert await asked(closed, url) == AddressNotAllowed.code, url
    mapped = (
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[::7f00:1]",
        "[::ffff:0:7f00:1]",
        "169.254.169.254",
        "10.0.0.1",
        "[fe80::1]",
        "[64:ff9b:1::7f00:1]",
        "[fec0::1]",
        "[5f00::1]",
        "192.0.0.8",
    )
    other = ("2130706433", "0x7f.1", "224.0.0.1", "[::ffff:10.0.0.1]")
    for host in (*mapped, *other):
        assert await asked(closed, f"https://{host}/") in {AddressNotAllowed.code, AddressUnreachable.code}, host
    assert await asked(open_, "http://10.0.0.1/") == AddressNotAllowed.code


async def test_redirects_are_judged_like_addresses(tmp_path: Path, home: str) -> None:
    port = home.rpartition(":")[2]
    way = outbound(tmp_path, networks=["127.0.0.1/32"])
    assert await asked(way, f"{home}/to/{home}/film") == "5000"
    for target in (f"http://127.0.0.2:{port}/film", "file:///etc/passwd", "http://10.0.0.1/", "ftp://127.0.0.1/"):
        code = await asked(way, f"{home}/to/{target}")
        assert code in {AddressNotAllowed.code, AddressUnreachable.code}, target
    assert await asked(way, f"{home}/to/{home}/to/" * 8 + "x") == AddressUnreachable.code


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://x/",
        "https://u:p@x.example/",
        "https:///x",
        "x",
        "https://a b/",
        "https://x:99999/",
    ],
)
def test_what_is_no_address_is_refused_by_its_looks(tmp_path: Path, url: str) -> None:
    with pytest.raises(AddressNotAllowed):
        outbound(tmp_path).check(url)


def test_hosts_are_those_of_the_settings(tmp_path: Path) -> None:
    way = outbound(tmp_path, ["*.cdn.example", "play.example"])
    for url in ("https://a.cdn.example/x", "https://PLAY.example/x"):
        assert way.check(url) == url
    for url in ("https://cdn.example.evil/x", "https://evil/a.cdn.example", "https://cdn.example/x"):
        with pytest.raises(AddressNotAllowed):
            way.check(url)


async def test_answers_are_bounded_in_size_time_and_kind(tmp_path: Path, home: str) -> None:
    way = outbound(tmp_path, networks=LOOPBACK)
    async with way.client() as client:
        with pytest.raises(AnswerTooLarge):
            await fetch(client, f"{home}/film", most_bytes=4999)
    assert await asked(way, f"{home}/gone") == AnswerRefused.code
    assert await asked(way, f"{home}/page", kinds=["video/*"]) == AnswerOfAnotherKind.code
    assert await asked(way, f"{home}/film", kinds=["video/*"]) == "5000"
    assert await asked(way, f"{home}/hangs", seconds=0.2) == AnswerTooSlow.code
    assert await asked(way, "http://127.0.0.1:9/") == AddressUnreachable.code


async def test_a_name_is_connected_to_as_it_was_resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["93.184.216.34", "127.0.0.1"])
    seen: list[str] = []

    async def getaddrinfo(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        return [(2, 1, 6, "", (next(answers), port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo, raising=False)
    way = outbound(tmp_path)
    assert await way.resolve("rebound.example", 443) == ["93.184.216.34"]
    seen.append(await asked(way, "https://rebound.example/"))
    assert seen == [AddressNotAllowed.code]


OTHERS = {
    "accounts/openid.py": "the identity provider that the settings name",
    "accounts/sign_in_walk.py": "the same, for whoever runs the service",
    "accounts/signing_keys.py": "keys of the issuers that the settings name",
    "deployment_check.py": "a command: the deployment that whoever runs it names",
    "doctor.py": "a command: what the settings name",
    "insights/engines/clickhouse.py": "the database that the settings name",
    "media/sandbox/bounded.py": "its own children, over sockets that it made",
    "shares/preview/commands.py": "a command: the link that whoever runs it names",
    "web/console/previews.py": "within this process",
    "web/port_check.py": "this service itself",
}
"""Modules that speak HTTP otherwise, and what they may ask. Media, feeds, webhooks and posts are not among them."""
SPEAKS = re.compile(
    r"\bhttpx2?\.(?:(?:Async)?Client|get|post|stream|request)\(|\bhttpcore\.\w*ConnectionPool\("
    r"|\burlopen\(|\bAsyncOAuth2Client\("
    r"|\b(?:open|create)_connection\(|^(?:import|from) (?:urllib\.request|http\.client|requests|aiohttp)\b",
    re.MULTILINE,
)


@pytest.mark.slow
def test_every_other_module_that_speaks_http_says_whom_it_asks() -> None:
    source = Path(groundswell.__file__).parent
    texts = {path.relative_to(source).as_posix(): path.read_text() for path in source.rglob("*.py")}
    found = {name for name, text in texts.items() if not name.startswith("demo/") and SPEAKS.search(text)}
    assert found - {"platform/outbound.py"} == set(OTHERS)
