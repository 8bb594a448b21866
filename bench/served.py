"""What benchmarks of the server run against: the real service in a process of its own, and a bare ASGI server."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

from groundswell.accounts.access import viewer_of
from groundswell.accounts.keys import make_key
from groundswell.accounts.tokens import Claims
from groundswell.catalog.tables import Title
from groundswell.demo.identity import IdentityProvider
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import random_code, uuid7
from groundswell.platform.runtime import Runtime, open_runtime
from groundswell.platform.settings import Settings
from groundswell.platform.signatures import signed
from groundswell.web import features

HOST = "127.0.0.1"
BARE = """
import sys, uvicorn
BODY = b"x" * int(sys.argv[2])
STATUS = 200 if BODY else 302
HEADERS = [(b"location", b"http://127.0.0.1/watch/film?t=72"), (b"content-length", str(len(BODY)).encode())]
async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": STATUS, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False, lifespan="off")
"""


@dataclass(frozen=True)
class Service:
    """A running service with its own embedded PostgreSQL (durable, as installed), and the means to fill it."""

    port: int
    settings: Settings
    runtime: Runtime
    key: str
    tokens: list[str]
    process: subprocess.Popen[bytes]
    identity: IdentityProvider


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process for as long as the block lasts."""
    with subprocess.Popen(command, env=os.environ | environment) as started:
        try:
            yield started
        finally:
            started.terminate()


async def answering(port: int, path: str) -> None:
    """Return when something answers on ``port``."""
    async with httpx.AsyncClient(timeout=5) as client, asyncio.timeout(120):
        while True:
            try:
                await client.get(f"http://{HOST}:{port}{path}")
                return
            except httpx.TransportError:
                await asyncio.sleep(0.1)


def answering_on(port: int) -> None:
    """Return when something accepts connections on ``port``."""
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection((HOST, port), 5).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@asynccontextmanager
async def bare_server(body_bytes: int = 0) -> AsyncIterator[int]:
    """uvicorn with an application of two lines that answers a constant 302, or a constant page of so many bytes;
    yields its port."""
    port = free_port()
    with process([sys.executable, "-c", BARE, str(port), str(body_bytes)], {}):
        await answering(port, "/")
        yield port


@asynccontextmanager
async def service(
    shares: int, more: Mapping[str, str] | None = None, *, start: Callable[[int], list[str]] | None = None
) -> AsyncIterator[Service]:
    """``groundswell serve`` as anybody would run it, with ``shares`` links of one moment.

    Args:
        more: settings, as variables.
        start: another command that serves the application on a port.
    """
    with tempfile.TemporaryDirectory(prefix="groundswell-bench-") as folder:
        os.chmod(folder, 0o755)  # the embedded PostgreSQL runs as another user when we are root
        settings = Settings(data_dir=Path(folder) / "data", port=free_port(), log_level="WARNING")
        for room in ("tables", "jobs", "api"):
            features.load(room)
        async with open_runtime(settings) as runtime:
            tokens = await make_links(runtime, shares)
            async with runtime.database.transaction() as session:
                key = await make_key(session, "bench", ["events:write"])
            identity = IdentityProvider(settings)
            with published(identity) as jwks_url:
                environment = {
                    "GROUNDSWELL_DATA_DIR": str(settings.data_dir),
                    "GROUNDSWELL_PORT": str(settings.port),
                    "GROUNDSWELL_LOG_LEVEL": "WARNING",
                    "GROUNDSWELL_JWKS_URL": jwks_url,
                    **(more or {}),
                }
                command = start(settings.port) if start else [sys.executable, "-m", "groundswell.cli", "serve"]
                with process(command, environment) as running:
                    await answering(settings.port, "/healthz")
                    yield Service(settings.port, settings, runtime, key, tokens, running, identity)


@contextmanager
def published(identity: IdentityProvider) -> Iterator[str]:
    """The address of a streaming service's keys, answered from here."""

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(identity.jwks()).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer((HOST, 0), Keys) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{HOST}:{server.server_port}/jwks"
        server.shutdown()


async def make_links(runtime: Runtime, shares: int) -> list[str]:
    """A title, a moment of it, and so many shares; returns their tokens."""
    from groundswell.catalog.tables import Source
    from groundswell.moments.tables import Moment
    from groundswell.shares.tables import Share

    async with runtime.database.transaction() as session:
        owner = await viewer_of(session, Claims("groundswell-demo", "noor", "Noor", frozenset(), None, False))
        title = Title(id=uuid7(), slug="film", name="A film", released_on=date(2020, 1, 1))
        session.add(title)
        await session.flush()
        source = Source(
            id=uuid7(),
            title_id=title.id,
            version=1,
            storage_key="none",
            sha256="none",
            size_bytes=1,
            status="ready",
            duration_us=600_000_000,
        )
        session.add(source)
        await session.flush()
        title.current_source_id = source.id
        moment = Moment(
            id=uuid7(),
            code=random_code(),
            viewer_id=owner.id,
            title_id=title.id,
            source_id=source.id,
            start_us=72_000_000,
            end_us=87_000_000,
            created_at=utc_now(),
        )
        session.add(moment)
        await session.flush()
        tokens = []
        for _ in range(shares):
            id, code = uuid7(), random_code()
            session.add(
                Share(
                    id=id,
                    code=code,
                    moment_id=moment.id,
                    viewer_id=owner.id,
                    channel="copy",
                    root_id=id,
                    generation=0,
                    created_at=utc_now(),
                )
            )
            tokens.append(signed(runtime.settings.secret, "share", code))
        return tokens
