"""The whole loop at half of what it serves, for half an hour: does anything grow that should not? ``--minutes N``.

A film is imported; meanwhile links are followed, pages read, events reported; every few seconds a viewer clips and
shares, the clip is rendered, somebody who came by a link signs up, and a marketer looks at the loop. Every few seconds
memory, open files, dead rows and the lake's files are counted; a slope is that of the straight line through what was
counted after the first third, in which everything warms up.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil
from sqlalchemy import text

from bench.arrivals import Arrivals, arrive, percentile
from bench.harness import Bench
from bench.overload import CAPACITY_CONNECTIONS, SHARES, closed, make_public, mixed
from bench.served import HOST, Service, service
from bench.titles import title
from groundswell.accounts.keys import make_key
from groundswell.attribution.lake import CREDITS
from groundswell.events.lake.delta import EVENTS, VERDICTS, open_delta
from groundswell.events.lake.sealer import COMPACT_EVERY
from groundswell.platform.clock import utc_now

MINUTES = 30.0
CONNECTIONS = 100
CLIP_EVERY_S, LOOK_EVERY_S, SAMPLE_EVERY_S = 10, 20, 5
FILM_MINUTES, WITHHELD_S = 5, 30
"""The ending of a title is held back while its release is unknown."""
WARM = 1 / 3

DEAD = "SELECT sum(n_dead_tup)::float8 / greatest(sum(n_live_tup + n_dead_tup), 1) FROM pg_stat_user_tables"
JOBS = "SELECT count(*)::float8 FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"

Samples = defaultdict[str, list[tuple[float, float]]]


def parse(arguments: list[str]) -> None:
    """Read the command line's options."""
    global MINUTES
    options = argparse.ArgumentParser(prog="python -m bench soak", description=(__doc__ or "").splitlines()[0])
    options.add_argument("--minutes", type=float, default=MINUTES)
    MINUTES = options.parse_args(arguments).minutes


def slope(samples: list[tuple[float, float]]) -> float:
    """How much a second what was counted grows: of the straight line through it, after the first ``WARM``."""
    warm = samples[int(WARM * len(samples)) :]
    return statistics.linear_regression(*zip(*warm, strict=True)).slope if len(warm) > 1 else 0.0


class Viewers:
    """People who clip and share, and sign up by what was shared."""

    def __init__(self, ours: Service, key: str) -> None:
        self.ours, self.http = ours, httpx.AsyncClient(base_url=f"http://{HOST}:{ours.port}", timeout=60)
        self.key = {"Authorization": f"Bearer {key}"}
        self.wrong: list[str] = []

    def headers(self, subject: str, *roles: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.ours.identity.token(subject, subject.title(), roles=roles)}"}

    async def ask(self, method: str, path: str, **more: Any) -> Any:
        answer = await self.http.request(method, path, **more)
        if answer.status_code == 503:
            return None
        if not answer.is_success:
            self.wrong.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
            return None
        return answer.json() if "json" in answer.headers["content-type"] else answer.text

    async def clip(self, numbers: Iterator[int]) -> None:
        n = next(numbers)
        who, start = self.headers(f"viewer-{n % 50}"), (n * 7) % (FILM_MINUTES * 60 - WITHHELD_S - 10) * 1_000_000
        body = {"title": "soaked", "start_us": start, "end_us": start + 10_000_000, "visibility": "public"}
        if (moment := await self.ask("POST", "/v1/moments", json=body, headers=who)) is None:
            return
        await self.ask("POST", "/v1/shares", json={"moment": moment["id"], "channel": "x"}, headers=who)
        sign_up = {"id": str(uuid4()), "kind": "sign_up", "viewer": f"viewer-{n % 50}", "at": utc_now().isoformat()}
        await self.ask("POST", "/v1/conversions", json=sign_up, headers=self.key)

    async def look(self) -> None:
        await self.ask("GET", "/v1/reports/loop", headers=self.headers("mira", "marketer"))


async def again_and_again(every_s: float, work: Any) -> None:
    while True:
        await work()
        await asyncio.sleep(every_s)


async def sample(ours: Service, samples: Samples, began: float) -> None:
    """Count everything once."""
    now = time.perf_counter() - began
    server = psutil.Process(ours.process.pid)
    family = [server, *server.children(recursive=True)]
    ours_alone = [each for each in family if "postgres" not in each.name()]
    lake = ours.settings.data_dir / "lake"
    async with ours.runtime.database.transaction() as session:
        dead, jobs = await session.scalar(text(DEAD)), await session.scalar(text(JOBS))
    counted = {
        "memory of the server": server.memory_info().rss / 2**20,
        "open files of the server": server.num_fds(),
        "processes": len(ours_alone),
        "dead rows": 100 * float(dead or 0),
        "jobs waiting": float(jobs or 0),
        "files of the lake that are read": float(await asyncio.to_thread(read_files, ours)),
        "files of the lake": await asyncio.to_thread(lambda: sum(1 for path in lake.rglob("*") if path.is_file())),
    }
    for name, value in counted.items():
        samples[name].append((now, value))


def read_files(ours: Service) -> int:
    """How many files the newest versions of the lake's tables name; the others wait for readers to be done."""
    tables = (open_delta(ours.settings, table) for table in (EVENTS, CREDITS, VERDICTS))
    return sum(len(each.file_uris()) for each in tables if each is not None)


UNITS = {
    "memory of the server": "MiB",
    "open files of the server": "files",
    "processes": "processes",
    "dead rows": "% of rows",
    "jobs waiting": "jobs",
    "files of the lake": "files",
    "files of the lake that are read": "files",
}
MOST = {"files of the lake that are read": 3.0 * (COMPACT_EVERY + 20)}
"""What there may at most be: each table is joined again after so many seals. All files beside these are of the last
hour, after which they are deleted."""
FLAT = {"memory of the server": 1.0, "open files of the server": 0.2, "processes": 0.1}
"""What may at most be added in a minute, where that is to be flat whatever is done."""


async def run(bench: Bench) -> None:
    bench.plotted = "a minute"
    film = await asyncio.to_thread(title, FILM_MINUTES)
    async with service(SHARES) as ours:
        async with ours.runtime.database.transaction() as session:
            key = await make_key(session, "soak", ["conversions:write"])
        await make_public(ours)
        await asyncio.to_thread(import_film, ours, film)
        served = await closed(ours, CAPACITY_CONNECTIONS)
        rate = len(served.served()) / served.seconds / 2
        bench.note(f"{rate:,.0f} requests a second, for {MINUTES:g} minutes")
        samples: Samples = defaultdict(list)
        began, viewers = time.perf_counter(), Viewers(ours, key)
        beside = [
            asyncio.create_task(again_and_again(every, work))
            for every, work in (
                (CLIP_EVERY_S, lambda numbers=count(): viewers.clip(numbers)),
                (LOOK_EVERY_S, viewers.look),
                (SAMPLE_EVERY_S, lambda: sample(ours, samples, began)),
            )
        ]
        load = await arrive(HOST, ours.port, mixed(ours), rate, CONNECTIONS, 60 * MINUTES)
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        report(bench, load, samples, viewers.wrong, rate)


def import_film(ours: Service, film: Path) -> None:
    environment = os.environ | {"GROUNDSWELL_DATA_DIR": str(ours.settings.data_dir)}
    command = [sys.executable, "-m", "groundswell.cli", "import", str(film), "--title", "Soaked", "--slug", "soaked"]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)


def report(bench: Bench, load: Arrivals, samples: Samples, wrong: list[str], rate: float) -> None:
    for name, found in samples.items():
        last, unit = found[-1][1], UNITS[name]
        bench.measure(f"{name}: at the end", last, unit)
        if name in MOST:
            most = max(value for _, value in found)
            bench.measure(f"{name}: at most", most, unit, MOST[name], at_most=True)
        bench.measure(f"{name}: added in a minute", 60 * slope(found), "a minute", FLAT.get(name), at_most=True)
    bench.measure("served", len(load.served()) / load.seconds, "1/s")
    bench.measure("served: p99", 1000 * percentile(load.served(), 0.99), "ms")
    bench.measure("asked and not sent, for want of a free connection", load.missed, "requests")
    bench.measure("refused", len(load.refused()), "answers")
    others = sum(each.others() for each in load.kinds.values()) + len(wrong)
    bench.measure("answers that neither serve nor refuse", others, "answers", 0, at_most=True)
    for each in wrong[:5]:
        bench.note(each)
