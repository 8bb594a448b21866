"""Admission: a class that is full says so at once, and no class keeps another waiting."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.types import Receive, Scope, Send

from groundswell.platform.database import POOL, POOL_SIZES, Database
from groundswell.platform.settings import Settings
from groundswell.web.admission import LINE, Admission
from groundswell.web.congestion import TakenPlace
from groundswell.web.pages import overloaded
from groundswell.web.request_classes import RequestClass, class_of, request_classes
from groundswell.web.route_powers import every_route
from tests.events.places import make_shared
from tests.support import App


class Slow:
    """An application that begins to answer when it is told to."""

    def __init__(self) -> None:
        self.may_begin, self.may_end = asyncio.Event(), asyncio.Event()
        self.may_end.set()
        self.inside = self.most = 0
        self.pools: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.inside, self.most = self.inside + 1, max(self.most, self.inside + 1)
        self.pools.append(POOL.get())
        try:
            await self.may_begin.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await self.may_end.wait()
            await send({"type": "http.response.body", "body": b"served"})
        finally:
            self.inside -= 1


async def refuse(kind: RequestClass, scope: Scope, receive: Receive, send: Send) -> None:
    await overloaded(kind, scope)(scope, receive, send)


@asynccontextmanager
async def admitting(slow: Slow, **settings: object) -> AsyncIterator[Callable[[str], "asyncio.Task[httpx.Response]"]]:
    admission = Admission(slow, Settings(**settings), refuse)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(admission), base_url="http://test") as http:
        asked: list[asyncio.Task[httpx.Response]] = []

        def ask(path: str) -> asyncio.Task[httpx.Response]:
            asked.append(asyncio.create_task(http.get(path)))
            return asked[-1]

        yield ask
        slow.may_begin.set()
        await asyncio.gather(*asked)


def fill(admission: Admission) -> None:
    """Leave no place in any class, and no time to wait for one."""
    for line in admission.lines.values():
        line.inside, line.wait_s = line.kind.most, 0


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def test_a_full_class_refuses_with_a_reason_and_when_to_come_again() -> None:
    slow = Slow()
    async with admitting(slow, console_at_once=2, admission_wait_ms=1) as ask:
        served = [ask("/console/loop") for _ in range(2)]
        await until(lambda: slow.inside == 2)
        answer = await ask("/console/loop")
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "overloaded", "2")
        slow.may_begin.set()
        assert [(await one).text for one in served] == ["served", "served"]
        assert (await ask("/console/loop")).status_code == 200, "there is room again"
    assert slow.most == 2
    assert set(slow.pools) == {"console"}


async def test_classes_do_not_wait_for_each_other() -> None:
    slow = Slow()
    async with admitting(slow, console_at_once=1, exports_at_once=1, admission_wait_ms=1) as ask:
        for path in ("/console/loop", "/console/events.csv", "/v1/me", "/s/token", "/m/code/wide.mp4", "/v1/events"):
            ask(path)
        await until(lambda: slow.inside == 6)
        assert sorted(slow.pools) == ["console", "exports", "viewers", "visitors", "visitors", "visitors"]


async def test_a_short_wait_is_waited() -> None:
    slow = Slow()
    async with admitting(slow, viewers_at_once=1, admission_wait_ms=60_000) as ask:
        both = [ask("/v1/me"), ask("/v1/me")]
        await until(lambda: slow.inside == 1)
        slow.may_begin.set()
        assert [(await one).status_code for one in both] == [200, 200]
    assert slow.most == 1


async def test_the_line_is_short_however_long_one_may_wait() -> None:
    slow = Slow()
    async with admitting(slow, viewers_at_once=1, admission_wait_ms=60_000) as ask:
        asked = [ask("/v1/me") for _ in range(1 + LINE + 5)]
        await until(lambda: sum(one.done() for one in asked) == 5)
        assert {one.result().status_code for one in asked if one.done()} == {503}


async def test_no_place_is_lost_where_it_comes_with_the_end_of_patience() -> None:
    admission = Admission(Slow(), Settings(viewers_at_once=1), refuse)
    line = admission.lines["viewers"]
    line.wait_s = 0
    for ended in (False, True):
        held = await line.enter()
        assert held is not None
        waiting = asyncio.create_task(line.enter())
        await asyncio.sleep(0)  # it waits; its patience ends at the next turn of the loop
        line.leave(held)
        admission.call()
        if ended:
            waiting.cancel()
        (place,) = await asyncio.gather(waiting, return_exceptions=True)
        if isinstance(place, TakenPlace):
            line.leave(place)
    assert (line.inside, admission.fair.taken, len(line.waiting)) == (0, 0, 0)


async def test_where_others_were_just_refused_nobody_waits() -> None:
    slow = Slow()
    async with admitting(slow, viewers_at_once=1, console_at_once=1, admission_wait_ms=60_000) as ask:
        for _ in range(1 + LINE):
            ask("/v1/me")
        await until(lambda: slow.inside == 1)
        assert (await ask("/v1/me")).status_code == 503
        waiting = ask("/console/loop")
        await until(lambda: slow.inside == 2)
        assert not waiting.done(), "another class is not full for that"


async def test_under_overload_each_class_has_its_share() -> None:
    served: Counter[str] = Counter()
    limit = asyncio.Event()

    async def work(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.002)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        served[scope["path"]] += 1
        served_all = min(served[path] for path in asked) >= 20
        if served_all and admission.fair.places == admission.fair.least:
            limit.set()

    asked = {"/v1/me": 30, "/discover": 10, "/console/loop": 4, "/v1/events": 4}
    admission = Admission(work, Settings(admission_wait_ms=1), refuse)

    async def insist(http: httpx.AsyncClient, path: str) -> None:
        while not limit.is_set():
            if (await http.get(path)).status_code == 503:
                await asyncio.sleep(0)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(admission), base_url="http://test") as http:
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            for path, clients in asked.items():
                for _ in range(clients):
                    group.create_task(insist(http, path))
            while not limit.is_set():
                admission.adapt(busy=1.0, lag_s=0.0)
                await asyncio.sleep(0.001)
    assert max(served.values()) < 10 * min(served.values()), served


async def test_an_answer_that_does_not_begin_in_time_is_given_up() -> None:
    slow = Slow()
    async with admitting(slow, request_deadline_s=0.01, viewers_at_once=1) as ask:
        answer = await ask("/v1/me")
        assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
        await until(lambda: slow.inside == 0)
        slow.may_begin.set()
        assert (await ask("/v1/me")).status_code == 200, "its place was given back"


async def test_once_an_answer_begins_its_place_is_free_except_for_files() -> None:
    slow = Slow()
    slow.may_begin.set()
    slow.may_end.clear()
    async with admitting(slow, viewers_at_once=1, exports_at_once=1, admission_wait_ms=1) as ask:
        streams = [ask("/v1/me"), ask("/v1/me"), ask("/console/events.csv")]
        await until(lambda: slow.inside == 3)
        assert (await ask("/console/events.csv")).status_code == 503
        slow.may_end.set()
        assert [(await one).status_code for one in streams] == [200] * 3


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/healthz", None),
        ("/readyz", None),
        ("/metrics", None),
        ("/static/dist/x.js", None),
        ("/s/abc", "visitors"),
        ("/s/abc/go", "links"),
        ("/m/abc", "visitors"),
        ("/embed/abc", "visitors"),
        ("/v1/visits", "visitors"),
        ("/v1/oembed", "visitors"),
        ("/discover", "visitors"),
        ("/", "visitors"),
        ("/s/abc/poster.jpg", "media"),
        ("/m/abc/hls/1/a.m4s", "media"),
        ("/v1/moments/abc/windows", "media"),
        ("/v1/me", "viewers"),
        ("/moments", "viewers"),
        ("/creator", "viewers"),
        ("/v1/reports", "viewers"),
        ("/v1/openapi.json", "viewers"),
        ("/v1/reports/loop", "console"),
        ("/console", "console"),
        ("/console/live/stream", "console"),
        ("/console/loop/days.csv", "exports"),
        ("/console/audit/audit.jsonl", "exports"),
        ("/v1/ledger/postings.csv", "exports"),
        ("/creator/moments.csv", "exports"),
        ("/moments/export.json", "exports"),
        ("/v1/events", "ingest"),
    ],
)
def test_every_address_has_its_class(path: str, name: str | None) -> None:
    assert class_of(path) == name


def test_a_request_that_needs_a_second_connection_never_waits_for_its_own_kind() -> None:
    held: dict[str, int] = {}
    for kind in request_classes(Settings()).values():
        if kind.name not in ("media", "sign_in", "ingest", "links"):  # which hold none, or one for one statement
            held[kind.pool] = held.get(kind.pool, 0) + kind.most
    assert all(2 * places <= 2 * POOL_SIZES[pool] for pool, places in held.items())  # type: ignore[index]


async def test_a_pool_that_is_used_up_is_an_overload_of_its_class_alone(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = []
    token = POOL.set("viewers")
    app.runtime.database.engine.pool._timeout = 0.01  # type: ignore[attr-defined]
    for _ in range(2 * POOL_SIZES["viewers"]):
        session = app.runtime.database.sessions()
        await session.execute(text("SELECT 1"))
        held.append(session)
    with pytest.raises(PoolTimeout):
        await app.runtime.database.ping()
    POOL.reset(token)
    try:
        answer = await app.http.get("/v1/me", headers=app.signed_in())
        assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
        assert answer.headers["retry-after"]
        assert (await app.http.get("/v1/ledger/trial-balance", headers=app.signed_in("f", "finance"))).is_success
        assert (await app.http.get("/readyz")).is_success
    finally:
        for session in held:
            await session.close()
    assert (await app.http.get("/v1/me", headers=app.signed_in())).is_success


async def test_people_get_a_page(app: App) -> None:
    await app.http.get("/v1/me")
    fill(app.services.get(Admission))
    page = await app.http.get("/moments", headers={"Accept": "text/html", "Accept-Language": "de"})
    assert page.status_code == 503
    assert page.headers["retry-after"] == "1"
    assert 'data-reason="overloaded"' in page.text
    assert page.headers["content-security-policy"]
    for path in ("/v1/me", "/moments"):
        assert (await app.http.get(path)).json()["code"] == "overloaded"


def test_no_route_is_without_a_class_but_probes_and_files(app: App) -> None:
    free = {route.path for route in every_route(app.asgi.router) if class_of(route.path) is None}
    assert free == {
        "/healthz", "/readyz", "/metrics", "/favicon.ico",
        "/.well-known/apple-app-site-association", "/.well-known/assetlinks.json", "/.well-known/did.json",
    }  # fmt: skip


async def test_databases_pools_are_told_apart(database: Database) -> None:
    usual = database.engine
    token = POOL.set("console")
    assert database.engine is not usual
    POOL.reset(token)
    assert database.engine is usual


async def test_links_that_are_new_are_looked_up_and_not_refused_however_many_come_at_once(app: App) -> None:
    shared = await make_shared(app.runtime.database, app.runtime.settings)
    visitors = app.services.get(Admission).lines["visitors"]
    visitors.inside, visitors.wait_s = visitors.kind.most, 0
    assert (await app.http.get("/discover")).status_code == 503
    answers = await asyncio.gather(*(app.http.get(f"/s/{shared.token}/go") for _ in range(4 * visitors.kind.most)))
    assert {answer.status_code for answer in answers} == {302}


@pytest.mark.parametrize("full", ["media", "sign_in", "exports", "links"])
async def test_a_class_that_is_full_keeps_no_other_from_its_places(full: str) -> None:
    slow = Slow()
    slow.may_begin.set()
    admission = Admission(slow, Settings(admission_wait_ms=0), refuse)
    line = admission.lines[full]
    line.inside = line.kind.most
    async with httpx.AsyncClient(transport=httpx.ASGITransport(admission), base_url="http://test") as http:
        path = {"media": "/m/a/poster.jpg", "sign_in": "/session/a", "exports": "/creator/a.csv", "links": "/s/a/go"}[
            full
        ]
        viewers = admission.lines["viewers"]
        for _ in range(50):
            assert (await http.get(path)).status_code == 503
            assert (await http.get("/v1/me")).status_code == 200
            admission.fair._used["viewers"] = viewers.fair.used("viewers") + 0.05  # as after a busy while
