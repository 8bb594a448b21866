"""A viewer's day, and heat, over a small and a large service: what a call costs must not grow with what is there.

The worlds of ``worlds.py`` at two sizes. Asked over ASGI, in this process, one call after another; a vote is an event
in the log, read and gathered as the jobs do it, on the title with the most moments. A burst of votes on that title
stands before a vote on another: how long the other waits is what reading it and one turn of its title take.
"""

import os
import statistics
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

import httpx
from sqlalchemy import text

from bench.harness import Bench
from bench.worlds import World, world
from groundswell.demo.identity import IdentityProvider
from groundswell.discovery import refresh, title_refresh
from groundswell.events.event import Event
from groundswell.events.log.event_log import record
from groundswell.platform.clock import utc_now
from groundswell.platform.signatures import signed
from groundswell.web.app import create_app

SIZES = tuple(float(size) for size in os.environ.get("BENCH_SIZES", "0.05 1").split())
"""For a machine with less time: ``BENCH_SIZES="0.01 0.1"``."""

CALLS = 60
BURST = int(os.environ.get("BENCH_BURST", "100000"))
HOTTEST = UUID("00000000-0000-7000-8000-000000000001")
OTHER = UUID("00000000-0000-7000-8000-000000000002")

Calls = dict[str, Callable[[int], Awaitable[httpx.Response]]]
Found = dict[str, float]


async def run(bench: Bench) -> None:
    bench.plotted = "ms"
    found: dict[float, Found] = {}
    for size in SIZES:
        async with world(size) as there:
            bench.note(
                f"size {size:g}: {there.titles:,} titles, {there.viewers:,} viewers, {there.shares:,} shares; "
                f"{there.hottest:,} moments of the first title; all gathered in {there.gathered_s:,.1f} s"
            )
            found[size] = await day(there) | await heat(there)
    small, large = (found[size] for size in SIZES)
    for name, milliseconds in large.items():
        goal = {"refresh after one vote": 50.0, "heatmap": 20.0, "burst: another title waits": 5000.0}.get(name, 100.0)
        bench.measure(f"{name}, small", small[name], "ms")
        bench.measure(f"{name}, large", milliseconds, "ms", goal, at_most=True)
        if not name.startswith("burst"):
            bench.measure(f"{name}, large / small", milliseconds / small[name], "ratio", 2, at_most=True)


async def day(there: World) -> Found:
    """The 95th percentile of each call of a viewer's day, in milliseconds."""
    settings = there.runtime.settings
    identity = IdentityProvider(settings)
    application = create_app(settings, identity)
    async with application.router.lifespan_context(application):
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            return {name: await p95(call) for name, call in calls(there, http, identity).items()}


def calls(there: World, http: httpx.AsyncClient, identity: IdentityProvider) -> Calls:
    """Each takes the number of the call."""
    secret = there.runtime.settings.secret

    def viewer(number: int) -> dict[str, str]:
        return {"Authorization": f"Bearer {identity.token(f'w{1 + number % there.viewers}', 'V')}"}

    def link(number: int) -> str:
        return f"/s/{signed(secret, 'share', f'w{1 + number % there.shares}')}"

    def clip(number: int) -> dict[str, object]:
        start_us = 60_000_000 + number * 40_000_000 % 4_000_000_000
        return {"title": "title-1", "start_us": start_us, "end_us": start_us + 12_000_000}

    return {
        "title": lambda n: http.get("/v1/titles/title-1", headers=viewer(n)),
        "heatmap": lambda n: http.get("/v1/titles/title-1/heatmap", headers=viewer(n)),
        "discover": lambda n: http.get("/v1/discover", headers=viewer(n)),
        "discover of a title": lambda n: http.get("/v1/discover?title=title-1", headers=viewer(n)),
        "make a moment": lambda n: http.post("/v1/moments", json=clip(n), headers=viewer(n + 100)),
        "my moments": lambda n: http.get("/v1/moments", headers=viewer(n)),
        "share": lambda n: http.post("/v1/shares", json={"moment": f"w{n + 1}", "channel": "copy"}, headers=viewer(n)),
        "landing page": lambda n: http.get(link(n + 7)),
        "follow a link": lambda n: http.get(f"{link(n + 1007)}/go"),
    }


async def p95(call: Callable[[int], Awaitable[httpx.Response]]) -> float:
    """Milliseconds; the first calls, in which things are loaded, do not count."""
    taken = []
    for number in range(CALLS + 5):
        began = time.perf_counter()
        answer = await call(number)
        taken.append(1e3 * (time.perf_counter() - began))
        assert answer.status_code < 400, f"{answer.status_code} {answer.text[:300]}"
    return statistics.quantiles(taken[5:], n=20)[-1]


async def heat(there: World) -> Found:
    """Milliseconds from a vote to its scene: the 95th percentile of votes for moments of the first title; and how long
    a vote for another waits behind a burst."""
    database = there.runtime.database
    async with database.transaction() as session:
        await refresh.count(session)
        query = text("SELECT id FROM moments WHERE title_id = :title ORDER BY code LIMIT :count")
        rows = await session.execute(query, {"title": HOTTEST, "count": max(BURST, CALLS)})
        moments = [row.id for row in rows]
    while await turn(there, HOTTEST) is not None:
        pass
    taken = []
    for moment in moments[: CALLS + 5]:
        async with database.transaction() as session:
            await record(session, vote(moment, HOTTEST))
        began = time.perf_counter()
        async with database.transaction() as session:
            await refresh.count(session)
        await turn(there, HOTTEST)
        taken.append(1e3 * (time.perf_counter() - began))
    return {
        "refresh after one vote": statistics.quantiles(taken[5:], n=20)[-1],
        "burst: another title waits": await burst(there, moments),
    }


async def burst(there: World, moments: list[UUID]) -> float:
    """Milliseconds that reading the burst and one turn of its title take: what comes before the other title's turn."""
    for begin in range(0, BURST, 5_000):
        async with there.runtime.database.transaction() as session:
            await record(session, *(vote(moments[n % len(moments)], HOTTEST) for n in range(begin, begin + 5_000)))
    began = time.perf_counter()
    async with there.runtime.database.transaction() as session:
        await refresh.count(session)
    await turn(there, HOTTEST)
    await turn(there, OTHER)
    waited = 1e3 * (time.perf_counter() - began)
    while await turn(there, HOTTEST):
        pass
    return waited


async def turn(there: World, title_id: UUID) -> bool | None:
    """One job's work on a title; whether there is more, None when there was none."""
    async with there.runtime.database.transaction() as session:
        more = await title_refresh.gather(session, title_id)
        return more or None


def vote(moment: UUID, title: UUID) -> Event:
    now = utc_now()
    return Event(
        kind="click", at=now, moment_id=moment, title_id=title, visitor=f"{now.timestamp()}-{moment}", verdict="human"
    )
