"""A simulation of thirty thousand events (a hundred thousand with ``GROUNDSWELL_LONG_TESTS=1``) during which every
process is killed, more than once.

Whatever was acknowledged is in the log once and in the lake once; and the report is what a recomputation from scratch
gives: a lake sealed anew from the log, and credit divided anew from the touches.
"""

import asyncio
import os
import queue
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import psutil
import pytest
from sqlalchemy import select

from groundswell.attribution.credits import divided
from groundswell.attribution.eligibility import eligible_for
from groundswell.attribution.markov_training import learned_effects
from groundswell.attribution.tables import Conversion, Credit
from groundswell.demo.identity import IdentityProvider
from groundswell.demo.simulation.player import BROWSER, PRICE
from groundswell.demo.simulation.world import Action, World, WorldPlan
from groundswell.events.lake.delta import EVENTS, open_delta
from groundswell.events.lake.sealer import Sealer
from groundswell.insights.reports import loop
from groundswell.insights.reports.engine import opened
from groundswell.insights.reports.report_filter import Slice
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.settings import Settings
from groundswell.web import features
from tests.events.places import make_shared
from tests.processes import Service, eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

LONG = "GROUNDSWELL_LONG_TESTS" in os.environ
EVENTS_LEAST = 100_000 if LONG else 30_000
PLAN = WorldPlan(
    seed=11, viewers=30, sharers=0.9, reached=2_800 if LONG else 1_100, clicks=0.9, plays=0.7, baseline=0.001,
    effect=0.001, subscribes=0.8, newcomer_shares=0.1, rings=0,
)  # fmt: skip
TOGETHER = 500
CLIENTS = 3
FACTS = ("conversion_id", "model", "model_version", "touch_id", "share_id", "moment_id", "title_id", "sharer_id",
         "channel", "weight_ppm", "amount_minor", "currency")  # fmt: skip


@pytest.fixture
def service(server_folder: Path) -> Iterator[Service]:
    service = Service(server_folder / "data")
    service.settings.data_dir.mkdir(exist_ok=True)
    yield service
    service.stop()


class Audience:
    """Plays a world: one who makes shares and converts, and clients that report visits in batches. Each asks again
    until it is answered; only what was acknowledged is remembered."""

    def __init__(self, service: Service, key: str, moment: str) -> None:
        self.service, self.moment = service, moment
        self.key = {"Authorization": f"Bearer {key}"}
        self.identity = IdentityProvider(service.settings)
        self.acknowledged: list[str] = []
        self.conversions = 0
        self.links: dict[int, str] = {}
        self.touches: dict[str, str] = {}
        self.waiting: queue.Queue[list[dict[str, Any]] | None] = queue.Queue(maxsize=4 * CLIENTS)
        self.failures: list[BaseException] = []
        self.threads = [threading.Thread(target=self._kept, args=[self._report]) for _ in range(CLIENTS)]
        self.threads.append(threading.Thread(target=self._kept, args=[self._play]))

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def ended(self) -> bool:
        return not any(thread.is_alive() for thread in self.threads)

    def _kept(self, work: Any) -> None:
        try:
            work()
        except BaseException as failure:
            self.failures.append(failure)
            raise

    def ask(self, http: httpx.Client, method: str, path: str, **more: Any) -> httpx.Response:
        def once() -> httpx.Response | None:
            answer = http.request(method, path, timeout=20, **more)
            return None if answer.status_code in (502, 503) else answer

        answer = eventually(once, 120, f"an answer to {path}")
        assert isinstance(answer, httpx.Response)
        assert answer.status_code < 400, answer.text
        return answer

    def _play(self) -> None:
        batch: list[dict[str, Any]] = []
        actions = list(World(PLAN).actions())
        joining = {action.person for action in actions if action.kind == "sign_up"}
        with httpx.Client(base_url=self.service.url) as http:
            for action in actions:
                if action.kind == "share":
                    self._share(http, action)
                elif action.kind in ("sign_up", "subscription"):
                    self._convert(http, action)
                elif action.kind == "click" and action.person in joining:
                    self._follow(http, action)
                else:
                    batch.append(self._told(action))
                if len(batch) == TOGETHER:
                    self.waiting.put(batch)
                    batch = []
        self.waiting.put(batch or None)
        for _ in range(CLIENTS):
            self.waiting.put(None)

    def _told(self, action: Action) -> dict[str, Any]:
        assert action.share is not None
        agent = "AhrefsBot/7.0" if action.robot else BROWSER.format(120 + action.step % 20, action.step % 7)
        told = {"kind": action.kind, "share": self.links[action.share], "user_agent": agent, "visitor": action.person}
        return told | {"id": str(uuid4()), "at": utc_now().isoformat()}

    def _report(self) -> None:
        with httpx.Client(base_url=self.service.url, headers=self.key) as http:
            while (batch := self.waiting.get()) is not None:
                self.ask(http, "POST", "/v1/events", json={"events": batch})
                self.acknowledged.extend(event["id"] for event in batch)

    def _share(self, http: httpx.Client, action: Action) -> None:
        assert action.share is not None
        parent = None if action.parent is None else self.links[action.parent]
        headers = {"Authorization": f"Bearer {self.identity.token(action.person, action.person)}"}
        headers["Idempotency-Key"] = str(uuid4())
        body = {"moment": self.moment, "channel": action.channel, "parent": parent}
        self.links[action.share] = self.ask(http, "POST", "/v1/shares", json=body, headers=headers).json()["token"]

    def _follow(self, http: httpx.Client, action: Action) -> None:
        assert action.share is not None
        http.cookies.clear()
        agent = {"User-Agent": BROWSER.format(140, action.step)}
        answer = self.ask(http, "GET", f"/s/{self.links[action.share]}/go", headers=agent)
        self.touches[action.person] = parse_qs(urlsplit(answer.headers["location"]).query)["gs"][0]

    def _convert(self, http: httpx.Client, action: Action) -> None:
        who = action.person
        body = {"id": f"{who}-{action.kind}", "kind": action.kind, "viewer": who, "at": utc_now().isoformat()}
        body |= {"touch": self.touches[who]} if action.kind == "sign_up" else {"amount": PRICE}  # type: ignore[dict-item]
        self.ask(http, "POST", "/v1/conversions", json=body, headers=self.key)
        self.conversions += 1


def kill(process: psutil.Process | None) -> None:
    assert process is not None
    process.send_signal(signal.SIGKILL)


def sealer_of(pid: int) -> psutil.Process | None:
    """The sealing process that a server or worker keeps."""
    children = psutil.Process(pid).children(recursive=True)
    return next((child for child in children if "groundswell.events.lake.sealer_process" in child.cmdline()), None)


def test_a_simulation_survives_kill_9_of_everything(service: Service, tmp_path: Path) -> None:
    server, worker = service.serve(worker_inside=True), service.run("work")
    key = service.command("keys", "create", "simulation", "--scope", "events:write", "--scope", "conversions:write")
    moment = asyncio.run(shared_moment(service))
    audience = Audience(service, key, moment)
    audience.start()
    victims = ["server's sealer", "server", "postgres", "worker's sealer", "worker", "server", "postgres"]
    for number, victim in enumerate(victims, 1):
        goal = number * EVENTS_LEAST // (len(victims) + 2)
        eventually(lambda: len(audience.acknowledged) >= goal or audience.failures, 300, "more events")  # noqa: B023
        assert not audience.failures
        if victim == "server":
            kill(psutil.Process(server.pid))
            server.wait()
            server = service.serve(worker_inside=True)
        elif victim == "worker":
            kill(psutil.Process(worker.pid))
            worker.wait()
            worker = service.run("work")
        elif victim == "postgres":
            postmaster = service.postgres.postmaster_pid()
            assert postmaster is not None
            os.kill(postmaster, signal.SIGKILL)
        else:
            parent = server if victim.startswith("server") else worker
            kill(eventually(lambda: sealer_of(parent.pid), what="a sealing process"))  # noqa: B023
    eventually(audience.ended, 400, "the end of the simulation")
    assert not audience.failures
    assert len(audience.acknowledged) >= EVENTS_LEAST
    assert audience.conversions > 50

    logged = [str(id) for (id,) in service.rows("SELECT id FROM events")]
    assert max(Counter(logged).values()) == 1
    assert set(audience.acknowledged) <= set(logged)
    newest = service.rows("SELECT max(received_at) FROM events")[0][0]
    sealed = "SELECT 1 FROM lake_seals WHERE name = 'events' AND as_of > %s"
    eventually(lambda: service.rows(sealed, newest), what="the sealing of the last event")
    delta = open_delta(service.settings, EVENTS)
    assert delta is not None
    assert sorted(delta.to_pyarrow_table()["id"].to_pylist()) == sorted(logged)

    features.load("tables")
    features.load("jobs")
    anew = service.settings.model_copy(update={"lake_url": str(tmp_path / "anew")})
    seal_into(service, anew)
    today = datetime.now(UTC).date()
    slice = Slice(today - timedelta(days=1), today)
    assert numbers(service.settings, slice) == numbers(anew, slice)
    clicks = "SELECT count(DISTINCT visitor) FROM events WHERE kind = 'click' AND verdict = 'human'"
    (total,) = [row["count"] for row in numbers(anew, slice)["visits"][None] if row["kind"] == "click"]
    assert [(total,)] == service.rows(clicks)
    given, recomputed = asyncio.run(credit_anew(service.postgres.url(), service.settings))
    assert given == recomputed
    assert len(given) > 50


def seal_into(service: Service, anew: Settings) -> None:
    """Seal into another lake: one process at a time is the sealer, so those that serve must have left. With the last
    of them goes the database, which may answer elsewhere when it is started again."""
    for process in service.processes:
        if process.poll() is None:
            process.terminate()
            process.wait(60)
    service.postgres.start()
    sealer = Sealer(service.postgres.url(), anew)
    assert sealer.seal(wait=True)
    sealer.close()


def numbers(settings: Settings, slice: Slice) -> dict[str, Any]:
    """All that the loop's page asks of the lake."""
    with opened(settings, slice.first, slice.last) as lake:
        return vars(loop.asked_of_lake(lake, slice)) | {}


async def shared_moment(service: Service) -> str:
    database = Database(service.postgres.url())
    shared = await make_shared(database, service.settings)
    await database.close()
    return shared.moment.code


async def credit_anew(url: str, settings: Settings) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Credit as it was given during the simulation, and as it is when divided anew."""
    database = Database(url)
    async with database.transaction() as session:
        conversions = list(await session.scalars(select(Conversion).order_by(Conversion.at, Conversion.id)))
        asked = [(each.viewer_id, each.at) for each in conversions]
        touches = await eligible_for(session, asked, settings.attribution_window_days)
        effects = await learned_effects(session)
        given = [tuple(str(getattr(row, name)) for name in FACTS) for row in await session.scalars(select(Credit))]
    await database.close()
    recomputed = [
        (str(conversion), model, str(version), *map(str, place))
        for each, found in zip(conversions, touches, strict=True)
        if found
        for _, conversion, _, _, model, version, *place in divided(each, found, effects)
    ]
    return sorted(given), sorted(recomputed)
