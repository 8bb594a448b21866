"""What is answered at the door, over real connections: the application's answers, in order, each committed."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import uvicorn
from psycopg import errors
from sqlalchemy import update
from starlette.types import Receive, Scope, Send

from groundswell.community.reaction_log import ReactionLog
from groundswell.events.log.event_log import EventLog
from groundswell.events.visits.link_lookup import LinkLookup
from groundswell.events.visits.redirect import Redirects
from groundswell.events.visits.touch_tokens import read_touch_token
from groundswell.platform.clock import utc_now
from groundswell.platform.problems import Problem, Unavailable
from groundswell.platform.signatures import signed
from groundswell.shares.tables import Share
from groundswell.web.admission import Admission
from groundswell.web.app import Application
from groundswell.web.connection_bounds import Bounds, Connections
from groundswell.web.fast_path import FastPathProtocol, lacking
from tests.events.places import Shared, make_share, make_shared
from tests.events.test_api import BROWSER, logged
from tests.events.tickets import without_ticket
from tests.shares.sharing import shared as minted
from tests.support import App


@dataclass
class Door:
    """A server's port, and the paths that went through its application."""

    port: int
    passed_on: list[str]

    async def ask(self, *requests: bytes) -> bytes:
        """Send ``requests`` over one connection, all at once; what comes back until the server closes it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(b"".join(requests))
        async with asyncio.timeout(20):
            answered = await reader.read()
        writer.close()
        return answered


@pytest.fixture
async def shared(app: App) -> Shared:
    return await make_shared(app.runtime.database, app.runtime.settings)


@pytest.fixture
async def door(app: App, shared: Shared, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Door]:
    """A server whose application has ``shared`` in memory."""
    passed_on: list[str] = []
    usual = Application.__call__

    async def noting(self: Application, scope: Scope, receive: Receive, send: Send) -> None:
        passed_on.append(scope["path"])
        await usual(self, scope, receive, send)

    monkeypatch.setattr(Application, "__call__", noting)
    async with serving(app) as port:
        door = Door(port, passed_on)
        await door.ask(get(shared, close=True))
        yield door


@asynccontextmanager
async def serving(app: App) -> AsyncIterator[int]:
    config = uvicorn.Config(
        app.asgi,
        host="127.0.0.1",
        port=0,
        lifespan="off",
        log_config=None,
        access_log=False,
        http=partial(FastPathProtocol, connections=Connections(Bounds())),  # type: ignore[arg-type]
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    running = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await running


def get(
    shared: Shared | None,
    path: str = "",
    *,
    method: str = "GET",
    close: bool = False,
    version: str = "1.1",
    **headers: str,
) -> bytes:
    said = {"Host": "test", "User-Agent": BROWSER} | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [
        f"{method} {path or f'/s/{shared.token if shared else None}/go'} HTTP/{version}",
        *[f"{k}: {v}" for k, v in said.items()],
    ]
    return "\r\n".join([*lines, *(["Connection: close"] if close else []), "", ""]).encode()


def heads(answered: bytes) -> list[tuple[int, dict[str, str]]]:
    """Status and headers of each of several responses without bodies."""
    found = []
    for head in answered.decode().removesuffix("\r\n\r\n").split("\r\n\r\n"):
        status, *lines = head.split("\r\n")
        found.append((int(status.split()[1]), dict(line.split(": ", 1) for line in lines)))
    return found


async def test_a_click_is_answered_at_the_door_as_by_the_application(app: App, shared: Shared, door: Door) -> None:
    ((status, said),) = heads(await door.ask(get(shared, close=True)))
    assert door.passed_on == []
    usual = await app.http.get(f"/s/{shared.token}/go", headers={"User-Agent": BROWSER})
    assert (status, said["connection"]) == (usual.status_code, "close")
    assert said.keys() - {"connection", "date", "server"} == usual.headers.keys()
    same = ("cache-control", "x-robots-tag", "content-length")
    assert {name: said[name] for name in same} == {name: usual.headers[name] for name in same}
    token = parse_qs(urlsplit(said["location"]).query)["gs"][0]
    assert said["set-cookie"].startswith(f"gs_visit={token}; ")
    touched = read_touch_token(app.runtime.settings.secret, token)
    assert touched is not None
    assert (touched.at, touched.id) in {(row.at, row.id) for row in await logged(app)}


async def test_a_landing_page_in_memory_is_sent_from_the_door(app: App, moment: dict[str, Any], door: Door) -> None:
    path = f"/s/{(await minted(app, moment=moment['id']))['token']}"
    request = get(None, path, close=True)
    door.passed_on.clear()
    pages = [await door.ask(request) for _ in range(2)]
    assert door.passed_on == [path], "the first was rendered, the second kept"
    bodies = [page.split(b"\r\n\r\n", 1)[1] for page in pages]
    assert bodies[0] != bodies[1], "each has a ticket of their own"
    assert without_ticket(bodies[0]) == without_ticket(bodies[1])
    assert bodies[0].lower().startswith(b"<!doctype html>")
    assert [row.kind for row in await logged(app)][-2:] == ["click", "click"]


async def test_pipelined_requests_are_answered_in_their_order(app: App, shared: Shared, door: Door) -> None:
    landing = f"/s/{shared.token}/go?from=landing"
    requests = (
        get(shared),
        get(shared, landing),
        get(shared, method="HEAD"),
        get(shared),
        get(shared, landing, close=True),
    )
    answered = heads(await door.ask(*requests))
    assert [parse_qs(urlsplit(said["location"]).query)["t"] for _, said in answered] == [
        [t] for t in "72 87 72 72 87".split()
    ]
    assert door.passed_on == [f"/s/{shared.token}/go"], "the third, which asks for the head alone"
    assert [row.kind for row in await logged(app)][-4:] == ["click", "continue", "click", "continue"]


async def test_a_client_of_old_is_answered_and_let_go(app: App, shared: Shared, door: Door) -> None:
    ((status, said),) = heads(await door.ask(get(shared, version="1.0")))
    assert (status, said["connection"]) == (302, "close")


async def test_a_trusted_proxy_says_who_comes(app: App, shared: Shared, door: Door) -> None:
    for address in ("192.0.2.1", "192.0.2.2", "192.0.2.1"):
        await door.ask(get(shared, close=True, X_Forwarded_For=address))
    assert door.passed_on == []
    visitors = [row.visitor for row in (await logged(app))[-3:]]
    assert visitors[0] == visitors[2] != visitors[1]


async def test_links_that_are_new_are_looked_up_from_the_door(app: App, shared: Shared, door: Door) -> None:
    database, settings = app.runtime.database, app.runtime.settings
    made = [await make_share(database, settings, shared.moment, None) for _ in range(6)]
    for share, value in ((made[1][0], {"revoked_at": utc_now()}), (made[2][0], {"expires_at": utc_now()})):
        async with database.transaction() as session:
            await session.execute(update(Share).filter_by(id=share.id).values(value))
    unknown = signed(settings.secret, "share", "never0made")
    paths = [f"/s/{token}/go" for token in [token for _, token in made] + [unknown, made[0][1]]]
    answers = await asyncio.gather(*(door.ask(get(None, path, close=True)) for path in paths))
    said = [answer.split(b"\r\n", 1)[0].split()[1] for answer in answers]
    assert said == [b"302", b"410", b"410", b"302", b"302", b"302", b"404", b"302"]
    for answer, code in ((answers[1], b"link_revoked"), (answers[2], b"link_expired"), (answers[6], b"link_unknown")):
        assert code in answer
    assert door.passed_on == []
    clicks = [row.share_id for row in await logged(app) if row.share_id != shared.share.id]
    assert Counter(clicks) == Counter([made[n][0].id for n in (0, 0, 3, 4, 5)])
    browser = await door.ask(get(None, paths[1], close=True, Accept="text/html"))
    assert browser.startswith(b"HTTP/1.1 303 "), "to the page that says why not"
    ordered = heads(await door.ask(get(None, paths[3]), get(shared), get(None, paths[4], close=True)))
    assert [status for status, _ in ordered] == [302] * 3


async def test_a_look_up_that_fails_is_answered_as_by_the_application(
    app: App, shared: Shared, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.services.get(Redirects).destinations.memory.clear()

    async def away(*_: Any) -> Any:
        raise errors.AdminShutdown("restarting")

    monkeypatch.setattr(LinkLookup, "find", away)
    answered = await door.ask(get(shared, close=True))
    assert answered.startswith(b"HTTP/1.1 503 ")
    assert b"temporarily_unavailable" in answered
    monkeypatch.undo()
    assert heads(await door.ask(get(shared, close=True)))[0][0] == 302


async def test_what_is_not_in_memory_goes_the_usual_way(app: App, shared: Shared, door: Door) -> None:
    forged, post = f"/s/{shared.token[:-1]}/go", get(shared, method="POST", close=True)
    assert b"link_forged" in await door.ask(get(shared, forged, close=True))
    assert (await door.ask(post)).startswith(b"HTTP/1.1 405 ")
    assert len(door.passed_on) == 2


async def test_too_much_waiting_is_refused_here_too(app: App, shared: Shared, door: Door) -> None:
    app.services.get(EventLog).backlog_max = 0
    answered = await door.ask(get(shared, close=True))
    assert answered.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 1\r\n" in answered
    assert b"events_backlogged" in answered


async def test_a_visit_that_cannot_be_committed_is_not_answered_as_if_it_were(
    app: App, shared: Shared, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(lines: str, days: Any, kinds: Any, answered: Callable[[Problem | None], None]) -> None:
        answered(Unavailable("The database is away.", headers={"Retry-After": "2"}))

    monkeypatch.setattr(app.services.get(EventLog), "queue", lost)
    answered = await door.ask(get(shared, close=True))
    assert answered.startswith(b"HTTP/1.1 503 ")
    assert b"temporarily_unavailable" in answered


async def test_who_hangs_up_has_still_been_here(app: App, shared: Shared, door: Door) -> None:
    before = len(await logged(app))
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(get(shared))
    await writer.drain()
    writer.transport.abort()
    async with asyncio.timeout(10):
        while len(await logged(app)) == before:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    with suppress(OSError):
        await reader.read()
    assert heads(await door.ask(get(shared, close=True)))[0][0] == 302


def reaction(shared: Shared, visit: str, kind: str, *, close: bool = False, **headers: str) -> bytes:
    body = json.dumps({"kind": kind, "at_us": 75_000_000, "share": shared.token, "visit": visit}).encode()
    said = {"Content-Type": "application/json", "Content-Length": str(len(body))} | headers
    path = f"/v1/moments/{shared.moment.code}/reactions"
    return get(None, path, method="POST", close=close, **{k.replace("-", "_"): v for k, v in said.items()}) + body


def answers(answered: bytes) -> list[tuple[int, dict[str, Any]]]:
    """Status and JSON of each of several answers."""
    found, rest = [], answered
    while rest:
        head, _, rest = rest.partition(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", head)[1])  # type: ignore[index]
        found.append((int(head.split()[1]), json.loads(rest[:length])))
        rest = rest[length:]
    return found


async def ticket_of(door: Door, shared: Shared, address: str = "127.0.0.1") -> str:
    """The ticket of a visit to the link's page from ``address``, by which one has met around its moment once."""
    body = json.dumps({"share": shared.token}).encode()
    said = {"Content_Type": "application/json", "Content_Length": str(len(body)), "X_Forwarded_For": address}
    ((_, begun),) = answers(await door.ask(get(None, "/v1/visits", method="POST", close=True, **said) + body))
    met = f"/v1/moments/{shared.moment.code}/reactions?share={shared.token}"
    await door.ask(get(None, met, close=True))
    door.passed_on.clear()
    return str(begun["visit"])


async def test_a_reaction_is_answered_at_the_door_as_by_the_application(app: App, shared: Shared, door: Door) -> None:
    visit, other = await ticket_of(door, shared), await ticket_of(door, shared, "192.0.2.7")
    first, second, third = answers(
        await door.ask(
            reaction(shared, visit, "love"),
            reaction(shared, visit, "cry"),
            reaction(shared, other, "wow", close=True, **{"X-Forwarded-For": "192.0.2.7"}),
        )
    )
    assert door.passed_on == []
    assert [each[0] for each in (first, second, third)] == [201] * 3
    assert [each[1]["total"] for each in (first, second, third)] == [1, 1, 2], "who changes their mind is one person"
    assert third[1]["counts"]["cry"] == third[1]["counts"]["wow"] == 1
    usual = await app.http.post(
        f"/v1/moments/{shared.moment.code}/reactions",
        json={"kind": "cry", "at_us": 75_000_000, "share": shared.token, "visit": visit},
        headers={"User-Agent": BROWSER},
    )
    assert (usual.status_code, usual.json()) == (201, third[1] | {"mine": second[1]["mine"]})
    assert [row.kind for row in await logged(app)].count("react") == 2


async def test_reactions_that_take_more_go_the_usual_way(app: App, shared: Shared, door: Door) -> None:
    visit = await ticket_of(door, shared)
    path = f"/v1/moments/{shared.moment.code}/reactions"
    for request, status in [
        (reaction(shared, "x" * 48, "love", close=True), 422),
        (reaction(shared, visit, "hate", close=True), 422),
        (reaction(shared, visit, "love", close=True, **{"Content-Type": "text/plain"}), 422),
        (reaction(shared, visit, "love", close=True, **{"Content-Encoding": "gzip"}), 415),
        (reaction(shared, visit, "love", close=True, Authorization="Bearer x"), 401),
        (reaction(shared, visit, "love", close=True, **{"Idempotency-Key": "k1"}), 201),
    ]:
        door.passed_on.clear()
        answered = await door.ask(request)
        assert (answered.split()[1], door.passed_on) == (str(status).encode(), [path]), answered
    whole = reaction(shared, visit, "fire", close=True)
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    door.passed_on.clear()
    writer.write(whole[:-20])
    async with asyncio.timeout(10):
        while not door.passed_on:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    writer.write(whole[-20:])
    ((status, said),) = answers(await reader.read())
    writer.close()
    assert (status, said["total"], said["mine"]["kind"]) == (201, 1, "fire"), "a body that comes later"


async def test_a_reaction_that_cannot_be_committed_is_refused(app: App, shared: Shared, door: Door) -> None:
    visit, log = await ticket_of(door, shared), app.services.get(ReactionLog)
    before, log._closing = log._closing, True
    ((status, said),) = answers(await door.ask(reaction(shared, visit, "love", close=True)))
    log._closing = before
    assert (status, said["code"], len(door.passed_on)) == (503, "reactions_backlogged", 1)
    ((status, said),) = answers(await door.ask(reaction(shared, visit, "love", close=True)))
    assert (status, said["total"]) == (201, 1)


async def test_what_there_is_no_room_for_is_refused_at_the_door_as_by_the_application(app: App, door: Door) -> None:
    await app.http.get("/v1/me")
    line = app.services.get(Admission).lines["viewers"]
    line.inside = line.kind.most
    line.fair.refused("viewers", float("inf"))  # so that nobody waits
    body = b'{"title": "numbers"}'
    post = get(None, "/v1/moments", method="POST", Content_Length=str(len(body))) + body
    requests = (
        get(None, "/v1/me"),
        post,
        get(None, "/moments", Accept="text/html"),
        get(None, "/v1/me", method="HEAD"),
    )
    door.passed_on.clear()
    answered = await door.ask(*requests, get(None, "/healthz", close=True))
    assert door.passed_on == ["/healthz"], "it has no class, and is answered when those before it were refused"
    assert answered.count(b"HTTP/1.1 503 ") == answered.count(b"retry-after: 1\r\n") == len(requests)
    assert answered.count(b'"code":"overloaded"') == 2
    assert answered.count(b'data-reason="overloaded"') == 1
    usual = await app.http.get("/v1/me")
    assert (usual.status_code, usual.headers["retry-after"], usual.json()["code"]) == (503, "1", "overloaded")


async def test_links_have_their_share_where_others_go_without(app: App, shared: Shared, door: Door) -> None:
    admission = app.services.get(Admission)
    admission.links.share.share, admission.links.share._left = 0.0, -1.0
    assert heads(await door.ask(get(shared, close=True)))[0][0] == 302, "nobody goes without"
    admission.fair.refused("viewers", float("inf"))
    answered = await door.ask(get(shared), get(None, "/v1/me", close=True))
    assert answered.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 1\r\n" in answered
    assert answered.count(b'"code":"overloaded"') == 1, "the viewer has a place"


def test_the_installed_uvicorn_is_what_the_fast_path_was_written_for() -> None:
    assert lacking() == []


def test_another_uvicorn_is_noticed() -> None:
    class Protocol(asyncio.Protocol):
        def on_headers_complete(self) -> None: ...

    class Cycle:
        def __init__(self) -> None:
            self.scope = self.keep_alive = None

    missing = lacking(Protocol, Cycle)
    assert "_start_asgi_task" in missing
    assert "response_complete" in missing
    assert "scope" not in missing
