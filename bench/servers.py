"""The same service under uvicorn with our bounds and fast path, and under servers as they come: links a second, bounds.

uvicorn without our protocol, granian and hypercorn run the same ASGI application, in one process each; those that are
not installed are left out (``pip install granian hypercorn``). Bounds are tried over real sockets, as they are by
default: a head without end, and a head and a body that never end.
"""

import asyncio
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

import psutil

from bench.harness import Bench
from bench.load import load
from bench.redirect import CONNECTIONS, requests
from bench.served import HOST, Service, service

SHARES, ROUNDS, SECONDS, WAIT_S = 200, 7, 1.5, 20.0
APPLICATION = """
from groundswell.platform.settings import Settings
from groundswell.web.app import create_app
app = create_app(Settings())
"""


def commands(folder: Path) -> dict[str, Callable[[int], list[str]] | None]:
    """What starts each server on a port, with the application in ``folder``; ours is the service's own command."""
    (folder / "served.py").write_text(APPLICATION)
    folder.chmod(0o755)
    python, app = sys.executable, ["--app-dir", str(folder), "served:app"]
    known: dict[str, Callable[[int], list[str]] | None] = {
        "ours": None,
        "uvicorn": lambda port: [
            *(python, "-m", "uvicorn", *app, "--host", HOST, "--port", str(port), "--no-access-log"),
            *("--log-level", "warning"),
        ],
        "granian": lambda port: [
            *(python, "-m", "granian", "--interface", "asgi", "--working-dir", str(folder), "served:app"),
            *("--host", HOST, "--port", str(port), "--log-level", "warning"),
        ],
        "hypercorn": lambda port: [
            *(python, "-m", "hypercorn", "-k", "uvloop", "-b", f"{HOST}:{port}", f"{folder}/served:app"),
        ],
    }
    return {name: command for name, command in known.items() if command is None or find_spec(name)}


@asynccontextmanager
async def connection(ours: Service) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(HOST, ours.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def ended(reader: asyncio.StreamReader) -> bool:
    """Whether the server answers or ends the connection in time."""
    try:
        async with asyncio.timeout(WAIT_S):
            await reader.read(1)
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    return True


async def endless_head(ours: Service) -> bool:
    """16 MiB of headers."""
    async with connection(ours) as (reader, writer):
        writer.write(f"GET /healthz HTTP/1.1\r\nHost: {HOST}\r\n".encode())
        with suppress(ConnectionError):
            for n in range(256):
                writer.write(f"X-{n}: ".encode() + b"x" * 65_000 + b"\r\n")
                await writer.drain()
        return await ended(reader)


async def half_a_head(ours: Service) -> bool:
    async with connection(ours) as (reader, writer):
        writer.write(f"GET /healthz HTTP/1.1\r\nHost: {HOST}\r\n".encode())
        return await ended(reader)


async def half_a_body(ours: Service) -> bool:
    async with connection(ours) as (reader, writer):
        head = f"POST /v1/events HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {ours.key}\r\n"
        writer.write(f"{head}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{".encode())
        return await ended(reader)


BOUNDS: dict[str, Callable[[Service], Awaitable[bool]]] = {
    "a head of 16 MiB is ended": endless_head,
    "half a head is ended in 20 s": half_a_head,
    "half a body is ended in 20 s": half_a_body,
}


async def run(bench: Bench) -> None:
    bench.plotted = "µs"
    found: dict[str, list[Round]] = defaultdict(list)
    with TemporaryDirectory() as name:
        async with AsyncExitStack() as stack:
            running = {
                server: await stack.enter_async_context(service(SHARES, start=command))
                for server, command in commands(Path(name)).items()
            }
            for ours in running.values():  # every link is followed once
                await load(HOST, ours.port, islice(requests(paths(ours)), SHARES), CONNECTIONS, 60)
            for _ in range(ROUNDS):
                for server, ours in running.items():
                    found[server].append(await one_round(ours))
            for server, ours in running.items():
                bench.measure(f"{server}: links", median(each.rate for each in found[server]), "1/s")
                cost = median(each.processor_s for each in found[server])
                bench.measure(f"{server}: the processor's time for a link", 1e6 * cost, "µs")
                for bound, holds in BOUNDS.items():
                    bench.measure(f"{server}: {bound}", await holds(ours), "holds")
    own = found.pop("ours")
    for server, theirs in found.items():
        pairs = zip(own, theirs, strict=True)
        ratio = median(mine.processor_s / other.processor_s for mine, other in pairs)
        bench.measure(f"the processor's time for a link: ours / {server}", ratio, "ratio", 1.0, at_most=True)


class Round(NamedTuple):
    """Links followed a second, and what each took of the processor in all processes but PostgreSQL's."""

    rate: float
    processor_s: float


def paths(ours: Service) -> list[str]:
    return [f"/s/{token}/go" for token in ours.tokens]


async def one_round(ours: Service) -> Round:
    before = worked(ours)
    outcome = await load(HOST, ours.port, requests(paths(ours)), CONNECTIONS, SECONDS)
    return Round(outcome.statuses[302] / outcome.seconds, (worked(ours) - before) / max(1, outcome.statuses[302]))


def worked(ours: Service) -> float:
    """Seconds that the server's processes have worked."""
    server = psutil.Process(ours.process.pid)
    times = [each.cpu_times() for each in (server, *server.children(recursive=True)) if "postgres" not in each.name()]
    return float(sum(each.user + each.system for each in times))
