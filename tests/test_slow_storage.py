"""Storage that takes its time keeps nobody waiting who asks for something else, and those who need it not for ever."""

import asyncio
from collections.abc import Iterator

import pytest

from groundswell.moments.media.renditions import ensure
from groundswell.moments.media.tiers import recipe_of
from groundswell.moments.recipes import POSTER
from groundswell.moments.tables import Moment
from groundswell.platform import database
from groundswell.platform.settings import Settings
from groundswell.platform.storage import AT_ONCE
from tests.events.places import Shared, make_shared
from tests.object_server import BUCKET, ObjectServer, object_server
from tests.processes import eventually
from tests.support import App

POSTER_BYTES = b"\xff\xd8 a picture \xff\xd9"


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectServer]:
    with object_server() as server:
        for name, value in server.settings.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def deadline_s() -> float:
    """How long an answer may take to begin."""
    return 600


@pytest.fixture
def settings(settings: Settings, storage: ObjectServer, deadline_s: float, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Storage is all that is slow: on a machine busy with other tests nobody gives up waiting for the database."""
    monkeypatch.setattr(database, "WAIT_S", 600.0)
    return settings.model_copy(update={"storage_url": f"s3://{BUCKET}", "request_deadline_s": deadline_s})


@pytest.fixture
async def shared(app: App) -> Shared:
    """A share of a moment whose poster lies in the storage."""
    shared = await make_shared(app.runtime.database, app.runtime.settings)
    async with app.runtime.database.transaction() as session:
        recipe = recipe_of(await session.get_one(Moment, shared.moment.id), POSTER)
        row = await ensure(session, recipe)
        row.status, row.storage_key, row.media_type = "ready", recipe.storage_key, recipe.media_type
    await app.runtime.store.put_bytes(recipe.storage_key, POSTER_BYTES)
    return shared


@pytest.mark.slow
async def test_slow_storage_keeps_nobody_else_waiting(app: App, shared: Shared, storage: ObjectServer) -> None:
    storage.slow()
    poster = f"/m/{shared.moment.code}/poster.jpg"
    asked = [asyncio.create_task(app.http.get(poster)) for _ in range(2 * AT_ONCE)]
    await asyncio.to_thread(eventually, lambda: storage.held == AT_ONCE, what="as many calls as there may be")
    others: list[tuple[str, dict[str, str], int]] = [
        ("/v1/me", app.signed_in("ada"), 200),
        ("/v1/moments", app.signed_in("ada"), 200),
        (f"/s/{shared.token}/go", {}, 302),
        (f"/s/{shared.token}", {}, 200),
        ("/v1/pools", app.signed_in("fay", "finance"), 200),
        ("/docs/reason-codes", {}, 200),
    ]
    for path, headers, status in others:
        assert (await app.http.get(path, headers=headers)).status_code == status, path
    assert not any(task.done() for task in asked)
    storage.slow(False)
    answers = await asyncio.gather(*asked)
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, POSTER_BYTES)}


@pytest.mark.slow
async def test_storage_that_answers_after_ten_seconds_is_waited_for(
    app: App, shared: Shared, storage: ObjectServer
) -> None:
    """By who reads and by who writes; and by nobody else."""
    storage.late_s = 10
    storage.slow()
    read = asyncio.create_task(app.http.get(f"/m/{shared.moment.code}/poster.jpg"))
    written = asyncio.create_task(app.runtime.store.put_bytes("late", POSTER_BYTES))
    await asyncio.to_thread(eventually, lambda: storage.held == 2, what="both of them asking")
    assert (await app.http.get(f"/s/{shared.token}/go")).status_code == 302
    assert not read.done()
    assert not written.done()
    answer = await read
    assert (answer.status_code, answer.content) == (200, POSTER_BYTES)
    await written
    storage.slow(False)
    assert await app.runtime.store.get_bytes("late") == POSTER_BYTES


@pytest.mark.parametrize("deadline_s", [0.5])
async def test_whoever_needs_slow_storage_is_told_when_to_come_back(
    app: App, shared: Shared, storage: ObjectServer
) -> None:
    storage.slow()
    late = await app.http.get(f"/m/{shared.moment.code}/poster.jpg")
    assert (late.status_code, late.json()["code"]) == (503, "overloaded")
    assert int(late.headers["retry-after"]) >= 1


async def test_storage_that_does_not_let_us_in_is_a_passing_trouble(
    app: App, shared: Shared, storage: ObjectServer
) -> None:
    storage.closed = True
    answer = await app.http.get(f"/m/{shared.moment.code}/poster.jpg")
    assert (answer.status_code, answer.json()["code"]) == (503, "temporarily_unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert "403" not in answer.text, "nothing of the inside"
