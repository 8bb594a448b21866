"""Ten times what it serves, of every class at once: what is served stays quick, and who is not served is told at once.

First one request at a time; then a dozen connections that ask again until they are served, which says what it serves of
this mixture; then ten times that, whatever becomes of it, for a minute; then one at a time again. What is served under
load is another mixture, so both are weighed by the processor's time that a request of each kind takes. The same load
goes to a bare ASGI server whose application takes as much of the processor for each request, and which queues whatever
comes. ``BENCH_SECONDS`` makes the minute another.

The load generator, the database and the server share the machine's processors, and a generator that asks ten times as
much takes more of them, and is itself late, which would count against the server:

- The server's share is what it had of the time in which a processor was its to have: what it waited for one, by the
  scheduler's own count (``/proc/PID/schedstat``), is left out, of both sides. What it left idle counts.
- Unloaded is what the same generator sees of the same server when it asks it one twentieth of what it serves, while the
  load goes to another server that answers a constant. That one also says how late the generator is.

Both are given beside what is measured without; the goals are for that.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import cycle
from pathlib import Path

import psutil
from sqlalchemy import update

from bench.arrivals import Arrivals, arrive, percentile
from bench.harness import Bench
from bench.redirect import AGENTS
from bench.served import HOST, Service, answering, bare_server, free_port, process, service
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now

SECONDS = float(os.environ.get("BENCH_SECONDS", "60"))
TIMES = 10
SHARES = 200
CODE = "overload01"
CONNECTIONS = 500
CAPACITY_CONNECTIONS = 12
ALONE = 1000
EACH, EACH_CONNECTIONS = 50, 4
FEW = 1 / 20
"""Of what it serves: a server that is asked so much is not loaded."""
MIX = {"link": 8, "page": 2, "viewer": 6, "library": 2, "console": 1, "ingest": 1}
"""Of twenty requests: links followed, moments' pages, viewers' calls, My Moments, staff's lists, reported events."""

BUSY = """
import sys, time, uvicorn
SPENT = float(sys.argv[2])
async def app(scope, receive, send):
    until = time.process_time() + SPENT
    while time.process_time() < until: pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False, lifespan="off")
"""


async def make_public(ours: Service) -> None:
    """Give the moment that the links lead to a page of its own, under a code that is known here."""
    async with ours.runtime.database.transaction() as session:
        await session.execute(update(Moment).values(visibility="public", code=CODE))


def mixed(ours: Service) -> Iterator[tuple[str, bytes]]:
    """Requests of every kind as ``MIX`` has them, over and over."""
    viewer, staff = ours.identity.token("noor", "Noor"), ours.identity.token("fay", "Fay", roles=["finance"])
    agents, tokens = cycle(AGENTS), cycle(ours.tokens)

    def get(path: str, *headers: str) -> bytes:
        lines = [f"GET {path} HTTP/1.1", f"Host: {HOST}", f"User-Agent: {next(agents)}", *headers]
        return "\r\n".join([*lines, "", ""]).encode()

    def event() -> bytes:
        body = json.dumps({"events": [{"kind": "play", "share": next(tokens), "at": utc_now().isoformat()}]})
        lines = ["POST /v1/events HTTP/1.1", f"Host: {HOST}", f"Authorization: Bearer {ours.key}"]
        return "\r\n".join(
            [*lines, "Content-Type: application/json", f"Content-Length: {len(body)}", "", body]
        ).encode()

    made = {
        "link": lambda: get(f"/s/{next(tokens)}", "Accept: text/html"),
        "page": lambda: get(f"/m/{CODE}", "Accept: text/html"),
        "viewer": lambda: get("/v1/me", f"Authorization: Bearer {viewer}"),
        "library": lambda: get("/v1/moments?limit=5", f"Authorization: Bearer {viewer}"),
        "console": lambda: get("/v1/pools", f"Authorization: Bearer {staff}"),
        "ingest": event,
    }
    kinds = [kind for kind, count in MIX.items() for _ in range(count)]
    order = cycle(kinds[n * 7 % len(kinds)] for n in range(len(kinds)))  # spread evenly
    for kind in order:
        yield kind, made[kind]()


@asynccontextmanager
async def busy_server(spent_s: float) -> AsyncIterator[int]:
    """uvicorn with an application that spends so many seconds of the processor on each request; yields its port."""
    port = free_port()
    with process([sys.executable, "-c", BUSY, str(port), str(spent_s)], {}):
        await answering(port, "/")
        yield port


class Processor:
    """What a process has of the processors, from its beginning until it is asked."""

    def __init__(self, pid: int | None = None) -> None:
        self.process = psutil.Process(pid)
        self.began, self.before, self.waited_before = time.perf_counter(), self._used(), self._waited()
        self.seconds = self.used = self.waited = 0.0

    def __enter__(self) -> "Processor":
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self.began
        self.used, self.waited = self._used() - self.before, self._waited() - self.waited_before

    @property
    def had(self) -> float:
        """The part of the time in which there was a processor for its first thread, used or not."""
        return 1 - min(0.9, self.waited / self.seconds)

    def _used(self) -> float:
        spent = self.process.cpu_times()
        return float(spent.user + spent.system)

    def _waited(self) -> float:
        """Seconds in which its first thread could have run and no processor was free; 0 where nobody counts them."""
        try:
            counted = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/schedstat").read_text()
        except FileNotFoundError:
            return 0.0
        return int(counted.split()[1]) / 1e9


async def alone(ours: Service, count: int) -> Arrivals:
    """One request at a time."""
    return await closed(ours, 1, count=count)


async def costs(ours: Service) -> dict[str, float]:
    """Seconds of the server's processor that a request of each kind takes."""
    server, found = psutil.Process(ours.process.pid), {}
    for kind in MIX:
        before = server.cpu_times()
        asked = (each for each in mixed(ours) if each[0] == kind)
        answers = await closed(ours, EACH_CONNECTIONS, count=EACH, requests=asked)
        after = server.cpu_times()
        found[kind] = (after.user + after.system - before.user - before.system) / len(answers.served())
    return found


def work(arrivals: Arrivals, costs: dict[str, float]) -> float:
    """Seconds of the processor in a second that went into what was served."""
    return sum(costs[kind] * len(each.served()) for kind, each in arrivals.kinds.items()) / arrivals.seconds


async def closed(
    ours: Service,
    connections: int,
    *,
    count: int | None = None,
    seconds: float = 10,
    requests: Iterator[tuple[str, bytes]] | None = None,
) -> Arrivals:
    """Each of some connections asks again until it was served, and then the next."""
    found, requests = Arrivals(), requests or mixed(ours)
    deadline = time.perf_counter() + seconds

    async def one(left: int | None) -> None:
        reader, writer = await asyncio.open_connection(HOST, ours.port)
        while time.perf_counter() < deadline if left is None else left > 0:
            left = None if left is None else left - 1
            kind, request = next(requests)
            status = 0
            while status in (0, 503):
                began = time.perf_counter()
                writer.write(request)
                status = await answered(reader)
                found.kinds[kind].latencies[status].append(time.perf_counter() - began)
                found.kinds[kind].at[status].append(time.perf_counter())
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(one(count) for _ in range(connections)))
    found.seconds = time.perf_counter() - began
    return found


async def answered(reader: asyncio.StreamReader) -> int:
    """Read one answer; its status."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if b"content-length: " in head:
        await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
    else:
        await reader.readuntil(b"0\r\n\r\n")
    return int(head[9:12])


async def memory_of(ours: Service, peak: list[int]) -> None:
    """Note how much memory the server has, every half second."""
    server = psutil.Process(ours.process.pid)
    while True:
        peak.append(server.memory_info().rss)
        await asyncio.sleep(0.5)


async def run(bench: Bench) -> None:
    bench.plotted = "ms"
    async with service(SHARES) as ours:
        await make_public(ours)
        await closed(ours, CAPACITY_CONNECTIONS, seconds=5)
        quiet, each = await alone(ours, ALONE), await costs(ours)
        with Processor(ours.process.pid) as usual:
            served = await closed(ours, CAPACITY_CONNECTIONS)
        capacity = len(served.served()) / served.seconds
        bench.note(f"serves {capacity:,.0f}/s; now {TIMES * capacity:,.0f}/s for {SECONDS:g} s")
        memory: list[int] = []
        noting = asyncio.create_task(memory_of(ours, memory))
        await asyncio.sleep(1)
        with Processor(ours.process.pid) as short, Processor() as asking:
            loaded = await arrive(HOST, ours.port, mixed(ours), TIMES * capacity, CONNECTIONS, SECONDS)
        ended = time.perf_counter()
        after = await alone(ours, ALONE)
        noting.cancel()
        constant = cycle([("any", f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())])
        async with bare_server(100) as port:
            generator, unloaded = await asyncio.gather(
                arrive(HOST, port, constant, TIMES * capacity, CONNECTIONS, min(SECONDS, 30)),
                arrive(HOST, ours.port, mixed(ours), FEW * capacity, EACH_CONNECTIONS, min(SECONDS, 30)),
            )
    async with busy_server(1 / capacity) as port:
        bare = await arrive(HOST, port, constant, TIMES * capacity, CONNECTIONS, min(SECONDS, 20))
    report(bench, quiet, served, loaded, each)
    share, before = work(loaded, each), work(served, each)
    bench.measure("served meanwhile / serves, by work", share / before, "ratio", 0.9)
    bench.measure("that, of the time it had a processor", share / short.had / (before / usual.had), "ratio")
    bench.measure("the server's processors: as much as it serves", usual.used / usual.seconds, "of one")
    bench.measure("the server's processors: ten times as much", short.used / short.seconds, "of one")
    bench.measure("it waited for one", short.waited / short.seconds, "of the time")
    bench.measure("the load generator's processors", asking.used / asking.seconds, "of one")
    p99, unloaded_p99 = percentile(loaded.served(), 0.99), percentile(unloaded.served(), 0.99)
    bench.measure("served, unloaded, by the same generator: p99", 1000 * unloaded_p99, "ms")
    bench.measure("served: p99 / unloaded", p99 / unloaded_p99, "ratio")
    bench.measure("bare ASGI server, as much of the processor each: p99", 1000 * percentile(bare.served(), 0.99), "ms")
    bench.measure("bare ASGI server: asked and not sent", bare.missed / sum(bare.offered.values()), "ratio")
    own = 1000 * percentile(generator.served(), 0.99)
    bench.measure("bare ASGI server, a constant (the load generator's own delay): p99", own, "ms")
    bench.measure("recovery", recovery(after, ended, 2 * percentile(quiet.served(), 0.99)), "s", 5, at_most=True)
    bench.measure("memory, at most / before", max(memory) / memory[0], "ratio", 1.2, at_most=True)


def recovery(after: Arrivals, ended: float, limit: float) -> float:
    """Seconds from the end of the load until the last answer that was refused, or came later than ``limit`` seconds;
    but for one in a hundred, as many as there are at any time."""
    late = [
        at - ended
        for answers in after.kinds.values()
        for status, instants in answers.at.items()
        for at, latency in zip(instants, answers.latencies[status], strict=True)
        if status >= 400 or latency > limit
    ]
    return max(sorted(late)[: -max(1, ALONE // 100)], default=0.0)


def report(bench: Bench, quiet: Arrivals, served: Arrivals, loaded: Arrivals, each: dict[str, float]) -> None:
    """What was found, with the goals."""
    capacity = len(served.served()) / served.seconds
    bench.measure("serves", capacity, "1/s")
    bench.measure("asked", sum(loaded.offered.values()) / loaded.seconds, "1/s")
    bench.measure("asked and not sent, for want of a free connection", loaded.missed, "requests")
    bench.measure("served meanwhile", len(loaded.served()) / loaded.seconds, "1/s")
    alone_p99, now_p99 = percentile(quiet.served(), 0.99), percentile(loaded.served(), 0.99)
    bench.measure("served, one at a time: p99", 1000 * alone_p99, "ms")
    bench.measure("served, as much as it serves: p99", 1000 * percentile(served.served(), 0.99), "ms")
    bench.measure("served, ten times as much: p99", 1000 * now_p99, "ms")
    bench.measure("served: p99 / one at a time", now_p99 / alone_p99, "ratio", 2, at_most=True)
    refused = loaded.refused()
    bench.measure("refused", len(refused) / loaded.seconds, "1/s")
    bench.measure("refused: p99", 1000 * percentile(refused, 0.99), "ms")
    bench.measure("refused: the slowest", 1000 * max(refused, default=0), "ms", 250, at_most=True)
    kinds = loaded.kinds.values()
    untold, others = sum(one.without_retry_after for one in kinds), sum(one.others() for one in kinds)
    bench.measure("refused without Retry-After", untold, "answers", 0, at_most=True)
    bench.measure("answers that neither serve nor refuse", others, "answers", 0, at_most=True)
    for kind, answers in sorted(loaded.kinds.items()):
        mine, one, before = answers.served(), quiet.kinds[kind].served(), served.kinds[kind].served()
        bench.note(
            f"{kind:8} {1000 * each[kind]:5.2f} ms of the processor; asked {loaded.offered[kind]:7,}, "
            f"refused {len(answers.refused()):6,}, served {len(mine) / loaded.seconds:6.1f}/s (not overloaded: "
            f"{len(before) / served.seconds:6.1f}/s); p99 {1000 * percentile(mine, 0.99):6.1f} ms, "
            f"alone {1000 * percentile(one, 0.99):6.1f} ms"
        )
