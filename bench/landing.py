"""Landing pages, each with its click committed first, against a constant page of the same size from a bare server.

Both are uvicorn in one process; the same load generator asks both in turn over 32 connections. Ours verifies nothing
less than for a first visitor: who asks is judged, and the page is sent when the click is in PostgreSQL, on disk.
Afterwards every answer is looked for in the event log.
"""

import httpx

from bench.harness import Bench
from bench.load import load
from bench.redirect import AGENTS, CONNECTIONS, ROUNDS, SECONDS, logged, percentile, rate, ratio, requests
from bench.served import HOST, bare_server, service

SHARES = 200


async def run(bench: Bench) -> None:
    bench.plotted = "1/s"
    async with service(SHARES) as ours:
        paths = [f"/s/{token}" for token in ours.tokens]
        size = await page_size(ours.port, paths[0])
        bench.note(f"a landing page is {size:,} bytes")
        async with bare_server(size) as bare_port:
            for port in (bare_port, ours.port):
                await load(HOST, port, requests(paths), CONNECTIONS, 2)
            before = await logged(ours)
            bare, landing = [], []
            for round in range(ROUNDS):
                bare.append(await load(HOST, bare_port, requests(paths), CONNECTIONS, SECONDS))
                landing.append(await load(HOST, ours.port, requests(paths), CONNECTIONS, SECONDS))
                bench.note(f"round {round + 1}: constant {bare[-1].rate:,.0f}/s, landing {landing[-1].rate:,.0f}/s")
            after = await logged(ours)
    acknowledged = sum(outcome.statuses[200] for outcome in landing)
    others = sum(sum(outcome.statuses.values()) for outcome in landing) - acknowledged
    bench.measure("constant page, bare ASGI server", rate(bare), "1/s")
    bench.measure("landing page, click committed", rate(landing), "1/s")
    bench.measure("landing / constant", ratio(landing, bare), "ratio", 0.3)
    bench.measure("constant p99", percentile(bare, 0.99), "ms")
    bench.measure("landing p50", percentile(landing, 0.5), "ms")
    bench.measure("landing p99", percentile(landing, 0.99), "ms")
    bench.measure("answers other than 200", others, "answers", 0, at_most=True)
    bench.measure("visits acknowledged and not in the log", acknowledged - (after - before), "visits", 0, at_most=True)


async def page_size(port: int, path: str) -> int:
    """Bytes of one landing page."""
    async with httpx.AsyncClient(headers={"User-Agent": AGENTS[0]}) as client:
        answer = await client.get(f"http://{HOST}:{port}{path}")
        answer.raise_for_status()
        return len(answer.content)
