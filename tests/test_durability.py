"""``kill -9`` of the server, of a worker and of PostgreSQL: whatever was acknowledged is there, once."""

import os
import signal
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from groundswell.demo.identity import IdentityProvider
from tests.media.film import Film, make
from tests.processes import Service, eventually, kill

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/144.0.0.0 Safari/537.36"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def service(server_folder: Path) -> Iterator[Service]:
    service = Service(server_folder / "data")
    service.settings.data_dir.mkdir(exist_ok=True)
    yield service
    service.stop()


class Burst:
    """Clients that report events as fast as they are acknowledged, and remember which were. They rest while something
    else is waited for, which they would keep from the processor."""

    def __init__(self, service: Service, key: str, clients: int = 4) -> None:
        self.service, self.key = service, key
        self.acknowledged: list[UUID] = []
        self.ending, self.going = threading.Event(), threading.Event()
        self.going.set()
        self.threads = [threading.Thread(target=self._report, daemon=True) for _ in range(clients)]
        for thread in self.threads:
            thread.start()

    def _report(self) -> None:
        with httpx.Client(base_url=self.service.url, headers={"Authorization": f"Bearer {self.key}"}) as http:
            while self.going.wait() and not self.ending.is_set():
                ids = [uuid4() for _ in range(5)]
                at = datetime.now(UTC).isoformat()
                events = [{"kind": "play", "id": str(id), "at": at, "title": "film"} for id in ids]
                try:
                    answer = http.post("/v1/events", json={"events": events}, timeout=5)
                except httpx.TransportError:
                    self.ending.wait(0.05)
                    continue
                assert answer.status_code in {200, 503}, answer.text
                if answer.status_code == 200:
                    self.acknowledged.extend(ids)

    def await_more(self, events: int = 100) -> None:
        goal = len(self.acknowledged) + events
        eventually(lambda: len(self.acknowledged) >= goal, what="more acknowledged events")

    def rest(self) -> None:
        self.going.clear()

    def go_on(self) -> None:
        """Report again; returns when that is acknowledged."""
        self.going.set()
        self.await_more()

    def end(self) -> list[UUID]:
        self.ending.set()
        self.going.set()
        for thread in self.threads:
            thread.join()
        return self.acknowledged


def test_events_moments_and_postings_survive_kill_9(service: Service, tmp_path: Path) -> None:
    film = make(Film(frames=40 * 25, size=(1280, 720)), tmp_path / "film.mp4")
    server = service.serve()
    worker = service.run("work")
    service.command("import", str(film), "--title", "Film")
    key = service.command("keys", "create", "events", "--scope", "events:write")
    viewer = {"Authorization": f"Bearer {IdentityProvider(service.settings).token('noor', 'Noor')}"}
    finance = {"Authorization": f"Bearer {IdentityProvider(service.settings).token('fay', 'Fay', roles=['finance'])}"}

    def call(method: str, path: str, headers: dict[str, str], **body: object) -> httpx.Response:
        """Ask until there is an answer that is not a 503; the same key makes repeating harmless."""
        again = headers | {"Idempotency-Key": str(uuid4())}

        def ask() -> httpx.Response | None:
            answer = httpx.request(method, service.url + path, headers=again, json=body or None, timeout=20)
            return None if answer.status_code == 503 else answer

        answer = eventually(ask, what=f"an answer to {path}")
        assert isinstance(answer, httpx.Response)
        assert answer.is_success, answer.text
        return answer

    call("POST", "/v1/creators", viewer, handle="noor", display_name="Noor")
    burst = Burst(service, key)

    # The server dies in the middle of a burst.
    burst.await_more()
    kill(server)
    server = service.serve()
    burst.await_more()

    # PostgreSQL dies in the middle of a burst; the server outlives it.
    postmaster = service.postgres.postmaster_pid()
    assert postmaster is not None
    os.kill(postmaster, signal.SIGKILL)
    burst.await_more()
    assert server.poll() is None
    burst.rest()

    # A worker dies in the middle of a render, and another one finishes it.
    moment = call("POST", "/v1/moments", viewer, title="film", start_us=5_000_000, end_us=19_000_000).json()
    share = call("POST", "/v1/shares", viewer, moment=moment["id"], channel="copy").json()
    eventually(lambda: service.rows("SELECT 1 FROM renditions WHERE status = 'rendering'"), what="a render")
    kill(worker)
    service.run("work")
    ready = "SELECT 1 FROM renditions WHERE profile = 'wide' AND status = 'ready'"
    eventually(lambda: service.rows(ready), what="the finished render")

    # Server and worker die in the middle of a pool run; the run is finished once.
    play = {"kind": "play", "share": share["token"], "user_agent": BROWSER, "watched_ms": 5000}
    ended = datetime.now(UTC).replace(day=1) - timedelta(days=2)
    plays = [play | {"visitor": f"v{n}", "at": ended.isoformat()} for n in range(20)]
    assert httpx.post(
        f"{service.url}/v1/events", json={"events": plays}, headers={"Authorization": f"Bearer {key}"}
    ).is_success
    period = ended.strftime("%Y-%m")
    body = {"period": period, "amount_minor": 10_007, "currency": "EUR", "basis": "plays"}
    pool = call("POST", "/v1/pools", finance, **body).json()
    burst.go_on()
    call("POST", f"/v1/pools/{pool['id']}/run", finance)
    for process in service.processes:
        if process.poll() is None:
            kill(process)
    acknowledged = burst.end()

    service.serve(worker_inside=True)
    divided = "SELECT 1 FROM pools WHERE status = 'divided'"
    eventually(lambda: service.rows(divided), what="the divided pool")
    kept = service.rows("SELECT id, count(*) FROM events GROUP BY id")
    assert {count for _, count in kept} == {1}
    assert set(acknowledged) <= {id for id, _ in kept}
    assert service.rows("SELECT count(*) FROM moments") == [(1,)]
    assert service.rows("SELECT count(*) FROM shares") == [(1,)]
    video = httpx.get(service.url + moment["media"]["mp4_url"], headers=viewer, timeout=30)
    assert video.status_code == 200
    assert video.content[4:8] == b"ftyp"
    ((paid,),) = service.rows("SELECT sum(amount_minor) FROM postings WHERE reason <> 'pool_funded'")
    assert paid == 10_007
    balance = call("GET", "/v1/ledger/trial-balance", finance).json()
    assert balance["balanced"]
    assert balance["agrees"]
    assert sum(row["debits_minor"] for row in balance["rows"]) == sum(row["credits_minor"] for row in balance["rows"])
