"""Streams that stay open: one person has few, all together have a bound, and whoever hangs up gives theirs back."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from groundswell.moments import api as moments_api
from groundswell.moments.api import ProgressStreams
from groundswell.notifications.live import OF_ONE, LiveInboxes
from tests.events.places import make_shared
from tests.processes import eventually
from tests.support import App
from tests.web.test_fast_path import serving


@pytest.fixture
async def port(app: App) -> AsyncIterator[int]:
    app.queue_all()
    async with serving(app) as port:
        yield port


INBOX = "/v1/notifications/stream"


Heard = tuple[asyncio.StreamReader, asyncio.StreamWriter, int]
Listen = Callable[..., Awaitable[Heard]]


@pytest.fixture
async def listen(port: int) -> AsyncIterator[Listen]:
    """Open streams, of somebody's inbox unless another is named: the connection, and the status it was answered with.
    Whoever is still there at the end hangs up: the server waits for them."""
    writers: list[asyncio.StreamWriter] = []

    async def made(who: dict[str, str], path: str = INBOX) -> Heard:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writers.append(writer)
        said = "".join(f"{name}: {value}\r\n" for name, value in who.items())
        writer.write(f"GET {path} HTTP/1.1\r\nHost: test\r\n{said}\r\n".encode())
        async with asyncio.timeout(30):
            head = await reader.readuntil(b"\r\n\r\n")
        return reader, writer, int(head.split()[1])

    yield made
    for writer in writers:
        writer.close()


def opened(app: App) -> int:
    return app.services.get(LiveInboxes).streams.open.total()


async def test_one_viewer_has_few_streams_however_many_are_asked_for_at_once(app: App, listen: Listen) -> None:
    ada = app.signed_in()
    asked = await asyncio.gather(*(listen(ada) for _ in range(4 * OF_ONE)))
    assert {status for *_, status in asked} <= {200, 429}
    await asyncio.to_thread(eventually, lambda: opened(app) == OF_ONE, what="as many as there may be")
    assert (await listen(ada))[2] == 429
    assert (await listen(app.signed_in("ben")))[2] == 200, "others have their own"
    for _, writer, _ in asked:
        writer.close()
    await asyncio.to_thread(eventually, lambda: opened(app) <= 1, what="their end")
    assert (await listen(ada))[2] == 200


async def test_all_together_have_a_bound(app: App, listen: Listen) -> None:
    app.services.get(LiveInboxes).streams.most = 4
    asked = await asyncio.gather(*(listen(app.signed_in(f"v{number}")) for number in range(12)))
    await asyncio.to_thread(eventually, lambda: opened(app) == 4, what="as many as there may be")
    assert (await listen(app.signed_in("one more")))[2] == 429
    answer = await app.http.get("/v1/notifications/count", headers=app.signed_in("one more"))
    assert answer.status_code == 200, "and nobody who asks for something else waits"
    for _, writer, _ in asked:
        writer.close()


async def test_one_address_follows_few_clips_that_are_being_made(
    app: App, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moments_api, "PROGRESS_OF_ONE", 3)
    shared = await make_shared(app.runtime.database, app.runtime.settings)
    path = f"/v1/moments/{shared.moment.code}/progress?share={shared.token}"
    asked = await asyncio.gather(*(listen({}, path) for _ in range(12)))
    assert {status for *_, status in asked} <= {200, 429}

    def followed() -> int:
        return app.services.get(ProgressStreams).open.total()

    await asyncio.to_thread(eventually, lambda: followed() == 3, what="as many as there may be")
    assert (await listen({}, path))[2] == 429
    assert (await listen(app.signed_in(), path))[2] == 200
    for _, writer, _ in asked:
        writer.close()
    await asyncio.to_thread(eventually, lambda: followed() <= 1, what="their end")
