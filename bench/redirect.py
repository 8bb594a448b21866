"""A link's direct form, with its click committed first, against a bare ASGI server's constant 302.

Both are uvicorn in one process; the same load generator asks both in turn over 32 connections. Ours verifies the link's
signature, judges who asks, and answers when the click is in PostgreSQL, on disk; afterwards every answer is looked
for in the event log.
"""

import statistics
from collections.abc import Iterator
from itertools import cycle, islice

from sqlalchemy import func, select

from bench.harness import Bench
from bench.load import Outcome, load
from bench.served import HOST, Service, bare_server, service
from groundswell.events.tables import LoggedEvent

CONNECTIONS = 32
ROUNDS = 15
SECONDS = 1.0
SHARES = 500
AGENTS = [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
    "Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
]


def requests(paths: list[str]) -> Iterator[bytes]:
    """GET requests as browsers send them, over and over."""
    return cycle(
        [
            f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nUser-Agent: {agent}\r\nAccept: text/html,*/*;q=0.8\r\n"
            f"Accept-Language: en\r\nReferer: https://www.example.org/\r\n\r\n".encode()
            for path, agent in zip(paths, cycle(AGENTS), strict=False)
        ]
    )


async def run(bench: Bench) -> None:
    bench.plotted = "1/s"
    async with bare_server() as bare_port, service(SHARES) as ours:
        paths = [f"/s/{token}/go" for token in ours.tokens]
        await load(
            HOST, ours.port, islice(requests(paths), SHARES), CONNECTIONS, 60
        )  # every link has been followed once
        for port in (bare_port, ours.port):
            await load(HOST, port, requests(paths), CONNECTIONS, 2)
        before = await logged(ours)
        bare, redirect = [], []
        for round in range(ROUNDS):
            bare.append(await load(HOST, bare_port, requests(paths), CONNECTIONS, SECONDS))
            redirect.append(await load(HOST, ours.port, requests(paths), CONNECTIONS, SECONDS))
            bench.note(f"round {round + 1}: bare {bare[-1].rate:,.0f}/s, redirect {redirect[-1].rate:,.0f}/s")
        after = await logged(ours)
    acknowledged = sum(outcome.statuses[302] for outcome in redirect)
    others = sum(sum(outcome.statuses.values()) for outcome in redirect) - acknowledged
    bench.measure("bare ASGI server, constant 302", rate(bare), "1/s")
    bench.measure("redirect, click committed", rate(redirect), "1/s")
    bench.measure("redirect / bare", ratio(redirect, bare), "ratio", 0.4)
    bench.measure("bare p99", percentile(bare, 0.99), "ms")
    bench.measure("redirect p50", percentile(redirect, 0.5), "ms")
    bench.measure("redirect p99", percentile(redirect, 0.99), "ms")
    bench.measure("answers other than 302", others, "answers", 0, at_most=True)
    bench.measure("clicks acknowledged and not in the log", acknowledged - (after - before), "clicks", 0, at_most=True)


def rate(outcomes: list[Outcome]) -> float:
    return statistics.median(outcome.rate for outcome in outcomes)


def ratio(ours: list[Outcome], yardstick: list[Outcome]) -> float:
    """Of rounds side by side, each with the load that the machine had just then; the median over the rounds."""
    return statistics.median(one.rate / other.rate for one, other in zip(ours, yardstick, strict=True))


def percentile(outcomes: list[Outcome], part: float) -> float:
    """Milliseconds; the median over the rounds."""
    return 1000 * statistics.median(outcome.percentile(part) for outcome in outcomes)


async def logged(ours: Service) -> int:
    async with ours.runtime.database.transaction() as session:
        return await session.scalar(select(func.count()).select_from(LoggedEvent)) or 0
