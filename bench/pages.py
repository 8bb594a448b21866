"""Every page of the console over 6,500 and over 10 million events in the lake, cold and warm, as browsers wait for it.

The real service in a process of its own, on a lake of the size (``lakes.py``) whose database knows none of the people:
what is measured is the reports, whose work grows with events; pages of rows ask PostgreSQL for a page of them whatever
there is. Cold: nobody has asked before. Warm: asked again, one after another. Beside that, the processors' time of the
serving process and its children, the time that two who ask the same at once cost, and how long a visitor waits for a
share link while reports are computed.
"""

import asyncio
import os
import shutil
import statistics
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil

from bench.harness import Bench
from bench.lakes import FIRST, LAST, make_lake
from bench.served import HOST, Service, service
from groundswell.events.lake.delta import SEALED
from groundswell.events.tables import LakeSeal
from groundswell.platform.clock import utc_now
from groundswell.web.console.filters import known_parameters
from groundswell.web.console.routers import routers

CACHE = Path(__file__).parent / "cache"
SIZES = tuple(int(size) for size in os.environ.get("BENCH_EVENTS", "6500 10000000").split())
"""For a machine with less time: ``BENCH_EVENTS="6500 1000000"``."""

WARM = int(os.environ.get("BENCH_CALLS", "10"))
GOAL_MS = 300.0
PERIOD = {"from": FIRST.isoformat(), "to": LAST.isoformat()}
WEEK = {"week": (FIRST.fromordinal(LAST.toordinal() - 10)).isoformat()}
NO_PAGES = ("/console/live/stream", "/console/rights/draft", "/console/trust/find")
"""What never ends, and what is only there for something that is named."""


def addresses() -> Iterator[tuple[str, dict[str, str]]]:
    """Every page of the console that has an address of its own, over the whole period where it has one."""
    for router in routers:
        for route in router.routes:
            path = getattr(route, "path", "")
            if "GET" not in getattr(route, "methods", ()) or "{" in path or "." in path or path in NO_PAGES:
                continue
            known = set(known_parameters(route))
            yield path, {**(PERIOD if "from" in known else {}), **(WEEK if "week" in known else {})}


async def run(bench: Bench) -> None:
    bench.plotted = "ms"
    for events in SIZES:
        make_lake(CACHE / f"lake-{events}", events)
        lake = CACHE / f"pages-{events}"
        shutil.rmtree(lake, ignore_errors=True)
        shutil.copytree(CACHE / f"lake-{events}", lake, copy_function=os.link)  # the service writes beside the files
        asleep = {"GROUNDSWELL_LAKE_URL": str(lake), "GROUNDSWELL_SEAL_INTERVAL_S": "86400"}
        async with service(1, asleep) as served:
            async with served.runtime.database.transaction() as session:
                session.add_all(LakeSeal(name=name, position=0, version=0, as_of=utc_now()) for name in SEALED)
            await _measure(bench, served, events)
        shutil.rmtree(lake, ignore_errors=True)


async def _measure(bench: Bench, served: Service, events: int) -> None:
    token = served.identity.token("ann", "Ann", roles=("admin",))
    base, signed_in = f"http://{HOST}:{served.port}", {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=base, headers=signed_in, timeout=600) as http:
        (await http.get("/console/time-zone")).raise_for_status()
        cold: dict[str, tuple[float, float]] = {}
        serving: dict[str, float] = {}
        warm: dict[str, list[float]] = {}
        for path, query in addresses():
            worked = serving_processor(served)
            cold[path] = await _asked(http, served, path, query)
            serving[path] = serving_processor(served) - worked
            warm[path] = [(await _asked(http, served, path, query))[0] for _ in range(WARM)]
        for path, (taken_ms, cpu_s) in cold.items():
            p95 = statistics.quantiles(warm[path], n=20)[-1]
            told = f"cold {taken_ms:,.0f} ms ({cpu_s:.2f} s of processors), warm {p95:,.0f} ms"
            bench.note(f"{events:,} events, {path}: {told}")
        slowest = max(warm, key=lambda path: statistics.quantiles(warm[path], n=20)[-1])
        coldest = max(cold, key=lambda path: cold[path][0])
        everything = [taken for path in warm for taken in warm[path]]
        size = f"{events:,} events"
        busiest = max(serving, key=lambda path: serving[path])
        bench.measure(
            f"{size}: processor of the serving process, the busiest page cold ({busiest})",
            1e3 * serving[busiest],
            "ms",
            GOAL_MS,
            at_most=True,
        )
        p95 = statistics.quantiles(warm[slowest], n=20)[-1]
        bench.measure(f"{size}: p95 of all pages, warm", statistics.quantiles(everything, n=20)[-1], "ms")
        bench.measure(f"{size}: p95 of the slowest page, warm ({slowest})", p95, "ms", GOAL_MS, at_most=True)
        bench.measure(f"{size}: the slowest page, cold ({coldest})", cold[coldest][0], "ms")
        await _together(bench, http, served, size)
        await _beside(bench, http, served, size)


async def _asked(http: httpx.AsyncClient, served: Service, path: str, query: dict[str, str]) -> tuple[float, float]:
    """Milliseconds to the first byte, and seconds of processors in the service."""
    began, worked = time.perf_counter(), processors(served)
    async with http.stream("GET", path, params=query) as answer:
        taken = 1e3 * (time.perf_counter() - began)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {(await answer.aread())[:300]!r}"
        await answer.aread()
    return taken, processors(served) - worked


def serving_processor(served: Service) -> float:
    """Seconds of processor of the serving process alone: reports are computed in others."""
    times = psutil.Process(served.process.pid).cpu_times()
    return float(times.user + times.system)


def processors(served: Service) -> float:
    """Seconds of processors of the serving process and of its children."""
    total = 0.0
    process = psutil.Process(served.process.pid)
    for each in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = each.cpu_times()
            total += times.user + times.system
    return total


async def _together(bench: Bench, http: httpx.AsyncClient, served: Service, size: str) -> None:
    """What one costs, and two who ask the same at once, of a question that nobody has asked before."""
    cost = {}
    for people, channel in ((1, "whatsapp"), (2, "telegram")):
        worked = processors(served)
        asked = (_asked(http, served, "/console/loop", {**PERIOD, "channel": channel}) for _ in range(people))
        await asyncio.gather(*asked)
        cost[people] = processors(served) - worked
    bench.measure(f"{size}: two who ask the same, against one", cost[2] / cost[1], "ratio", 1.5, at_most=True)


async def _beside(bench: Bench, http: httpx.AsyncClient, served: Service, size: str) -> None:
    """How long a visitor waits for a share link, alone and while reports are computed."""
    link = f"/s/{served.tokens[0]}/go"
    async with httpx.AsyncClient(base_url=str(http.base_url), headers={"User-Agent": "Mozilla/5.0 Bench"}) as visitor:

        async def followed(count: int) -> list[float]:
            taken = []
            for _ in range(count):
                began = time.perf_counter()
                await visitor.get(link)
                taken.append(1e3 * (time.perf_counter() - began))
                await asyncio.sleep(0.01)
            return taken

        alone = await followed(100)
        questions = [{**PERIOD, "channel": name} for name in ("x", "email")]
        reports = asyncio.gather(*(_asked(http, served, "/console/loop", query) for query in questions))
        beside: list[float] = []
        while not reports.done():
            beside += await followed(10)
        await reports
        bench.measure(f"{size}: p95 of a share link", statistics.quantiles(alone, n=20)[-1], "ms")
        bench.measure(f"{size}: p95 of a share link, beside reports", statistics.quantiles(beside, n=20)[-1], "ms")
