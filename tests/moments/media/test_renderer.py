"""A rendition is made once, by one maker at a time, whatever happens to makers."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import psutil
import pytest
from sqlalchemy import select, text, update

from groundswell.catalog.tables import Source
from groundswell.media import MediaError
from groundswell.media.sandbox.child_process import MODULE
from groundswell.moments.media import renderer
from groundswell.moments.media.media_api import RenderDelayed
from groundswell.moments.media.renderer import is_being_made, make, sole_maker
from groundswell.moments.media.renditions import TRY_AGAIN_AFTER as TRY_AGAIN
from groundswell.moments.media.renditions import ensure
from groundswell.moments.recipes import Recipe
from groundswell.moments.tables import Rendition
from groundswell.platform.clock import utc_now
from groundswell.platform.jobs import SOON, WAITING_VIEWER
from groundswell.platform.locks import Lock, giving_back, taking
from groundswell.platform.settings import Settings
from tests.media.film import numbers
from tests.moments.clipping import SECOND_US, WIDE_SCALE, rows
from tests.processes import eventually
from tests.programs import telling
from tests.support import App


@pytest.fixture
async def recipe(app: App, title: UUID) -> Recipe:
    """Five frames of the film, whose rendition has been asked for."""
    async with app.runtime.database.transaction() as session:
        source = (await session.scalars(select(Source).filter_by(title_id=title))).one()
        recipe = Recipe(source.id, 2 * SECOND_US, 3 * SECOND_US, "wide")
        await ensure(session, recipe)
    return recipe


async def rendition(app: App, recipe: Recipe) -> Rendition:
    async with app.runtime.database.transaction() as session:
        return await session.get_one(Rendition, recipe.hash)


async def waiting_renders(app: App) -> list[tuple[int, str]]:
    query = text(
        "SELECT priority, args->>'recipe' FROM procrastinate_jobs"
        " WHERE status = 'todo' AND task_name = 'moments.render' ORDER BY 1 DESC"
    )
    async with app.runtime.database.transaction() as session:
        return [(row[0], row[1]) for row in await session.execute(query)]


@pytest.mark.slow
async def test_the_job_makes_exactly_the_frames_of_the_recipe(app: App, recipe: Recipe, tmp_path: Path) -> None:
    await app.run_jobs()
    row = await rendition(app, recipe)
    assert (row.status, row.progress, row.failure_code) == ("ready", 1000, None)
    content = await app.runtime.store.get_bytes(str(row.storage_key))
    assert row.size_bytes == len(content)
    (tmp_path / "clip.mp4").write_bytes(content)
    assert [n for _, n in numbers(tmp_path / "clip.mp4", WIDE_SCALE)] == list(range(10, 15))
    assert list((app.runtime.settings.data_dir / "work").iterdir()) == []


async def test_two_makers_at_once_render_once(app: App, recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    renders = []
    cut = renderer.cut_bounded

    async def counted(*args: object, **options: object) -> object:
        renders.append(args)
        await asyncio.sleep(0.2)
        return await cut(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(renderer, "cut_bounded", counted)
    await asyncio.gather(*[make(app.runtime, recipe.hash) for _ in range(4)])
    await make(app.runtime, recipe.hash)
    assert len(renders) == 1
    assert (await rendition(app, recipe)).status == "ready"


async def test_asking_again_queues_nothing_but_a_waiting_viewer_overtakes(app: App, recipe: Recipe) -> None:
    for priority in (SOON, WAITING_VIEWER, WAITING_VIEWER, SOON):
        async with app.runtime.database.transaction() as session:
            await ensure(session, recipe, priority)
    assert await waiting_renders(app) == [(WAITING_VIEWER, recipe.hash), (SOON, recipe.hash)]


async def test_nothing_is_queued_while_it_is_being_made_or_when_it_is_there(app: App, recipe: Recipe) -> None:
    async with app.runtime.database.transaction() as session:
        await session.execute(text("DELETE FROM procrastinate_jobs"))
        await session.execute(update(Rendition).values(status="rendering"))
    async with sole_maker(app.runtime.database, recipe.hash) as mine:
        assert mine is not None
        async with app.runtime.database.transaction() as session:
            assert await is_being_made(session, recipe.hash)
            await ensure(session, recipe, WAITING_VIEWER)
    assert await waiting_renders(app) == []
    async with app.runtime.database.transaction() as session:
        assert not await is_being_made(session, recipe.hash)
    await make(app.runtime, recipe.hash)
    async with app.runtime.database.transaction() as session:
        await ensure(session, recipe)
    assert await waiting_renders(app) == []


MAKER = """
import asyncio, sys
from pathlib import Path
from groundswell.moments.media import renderer
from groundswell.platform.runtime import open_runtime
from groundswell.platform.settings import Settings
from groundswell.web import features

async def stuck(*args, **options):
    await options["on_progress"](0.42)
    print("rendering", flush=True)
    await asyncio.sleep(600)

async def main():
    features.load("tables")
    settings = Settings(data_dir=Path(sys.argv[1]), database_url=sys.argv[2])
    renderer.cut_bounded = stuck
    async with open_runtime(settings) as runtime:
        await renderer.make(runtime, sys.argv[3])

asyncio.run(main())
"""


@pytest.mark.slow
async def test_a_killed_makers_work_is_taken_up_at_once(app: App, recipe: Recipe, settings: Settings) -> None:
    await app.run_jobs()
    async with app.runtime.database.transaction() as session:
        await session.execute(update(Rendition).values(status="queued", storage_key=None, progress=0, settled_at=None))
    await app.runtime.store.delete(recipe.storage_key)
    with telling(MAKER, str(settings.data_dir), str(settings.database_url), recipe.hash) as (_, said):
        assert await asyncio.to_thread(said.readline) == b"rendering\n"
        during = await rendition(app, recipe)
        assert (during.status, during.progress) == ("rendering", 420)
        async with app.runtime.database.transaction() as session:
            assert await is_being_made(session, recipe.hash)
    await _lock_free(app, recipe)
    async with app.runtime.database.transaction() as session:
        await ensure(session, recipe, WAITING_VIEWER)
    assert await waiting_renders(app) == [(WAITING_VIEWER, recipe.hash)]
    await app.run_jobs()
    assert (await rendition(app, recipe)).status == "ready"
    assert await app.runtime.store.exists(recipe.storage_key)


@pytest.mark.slow
async def test_a_render_whose_child_is_killed_leaves_nothing_and_is_tried_again(app: App, recipe: Recipe) -> None:
    others = children()
    making = asyncio.create_task(make(app.runtime, recipe.hash))
    (child,) = await asyncio.to_thread(eventually, lambda: children() - others)
    child.kill()
    await making
    row = await rendition(app, recipe)
    assert (row.status, row.failure_code, row.storage_key) == ("failed", "out_of_memory", None)
    assert list((app.runtime.settings.data_dir / "work").iterdir()) == []
    assert not await app.runtime.store.exists(recipe.storage_key)
    delayed = RenderDelayed(row)
    assert (delayed.status, delayed.reason(), delayed.headers["Retry-After"]) == (503, "out_of_memory", "60")
    async with app.runtime.database.transaction() as session:
        await session.execute(update(Rendition).values(settled_at=utc_now() - 2 * TRY_AGAIN))
        assert (await ensure(session, recipe)).status == "queued"
    await app.run_jobs()
    assert (await rendition(app, recipe)).status == "ready"


def children() -> set[psutil.Process]:
    """Those of this process's fork server."""
    found = set()
    for server in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):
            found |= set(server.children()) if MODULE in server.cmdline() else set()
    return found


async def _lock_free(app: App, recipe: Recipe) -> None:
    """Return when PostgreSQL has noticed that the maker is gone: its lock can be had."""
    async with await app.runtime.database.connect(autocommit=True) as connection:
        await connection.execute(*taking(Lock.RENDERING, recipe.hash))
        # Given back by hand: closing the connection would, but only once its backend has gone.
        await connection.execute(*giving_back(Lock.RENDERING, recipe.hash))


async def test_folders_that_killed_makers_left_are_swept_up(app: App, recipe: Recipe) -> None:
    work = app.runtime.settings.data_dir / "work"
    (work / "old").mkdir(parents=True)
    (work / "new").mkdir()
    os.utime(work / "old", (1, 1))
    await make(app.runtime, recipe.hash)
    assert [folder.name for folder in work.iterdir()] == ["new"]


@pytest.mark.slow
async def test_a_source_that_is_gone_fails_with_its_reason_and_is_tried_again_later(app: App, recipe: Recipe) -> None:
    async with app.runtime.database.transaction() as session:
        source = await session.get_one(Source, recipe.source_id)
    film = await app.runtime.store.get_bytes(source.storage_key)
    await app.runtime.store.delete(source.storage_key)
    await app.run_jobs()
    row = await rendition(app, recipe)
    assert (row.status, row.failure_code, row.storage_key) == ("failed", "source_missing", None)
    await app.runtime.store.put_bytes(source.storage_key, film)
    async with app.runtime.database.transaction() as session:
        assert (await ensure(session, recipe)).status == "failed"
        await session.execute(update(Rendition).values(settled_at=utc_now() - 2 * TRY_AGAIN))
        assert (await ensure(session, recipe)).status == "queued"
    await app.run_jobs()
    assert (await rendition(app, recipe)).status == "ready"


async def test_a_damaged_source_fails_for_good(app: App, recipe: Recipe) -> None:
    async with app.runtime.database.transaction() as session:
        source = await session.get_one(Source, recipe.source_id)
    await app.runtime.store.put_bytes(source.storage_key, b"not a film any more")
    await app.run_jobs()
    row = await rendition(app, recipe)
    assert (row.status, row.failure_code) == ("failed", "not_a_video")
    assert row.failure_words
    async with app.runtime.database.transaction() as session:
        await session.execute(update(Rendition).values(settled_at=utc_now() - 2 * TRY_AGAIN))
        assert (await ensure(session, recipe)).status == "failed"
        assert len(await rows(session, select(Rendition))) == 1


@pytest.mark.slow
async def test_an_error_that_is_no_refusal_leaves_the_job_to_be_tried_again(
    app: App, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def storage_away(*args: object) -> None:
        raise OSError("the store is away")

    monkeypatch.setattr(app.runtime.store, "put_file", storage_away)
    with pytest.raises(OSError, match="away"):
        await make(app.runtime, recipe.hash)
    assert (await rendition(app, recipe)).status == "rendering"
    monkeypatch.undo()
    await make(app.runtime, recipe.hash)
    assert (await rendition(app, recipe)).status == "ready"


async def test_progress_is_written_seldom(app: App, recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    written = []

    async def eager(*args: object, **options: object) -> None:
        for n in range(1000):
            await options["on_progress"](n / 1000)  # type: ignore[operator]
        raise MediaError("damaged")

    execute = renderer.ProgressWriter.__call__

    async def spied(progress: renderer.ProgressWriter, done: float) -> None:
        before = progress._said_at
        await execute(progress, done)
        if progress._said_at != before:
            written.append(done)

    monkeypatch.setattr(renderer.ProgressWriter, "__call__", spied)
    monkeypatch.setattr(renderer, "cut_bounded", eager)
    await make(app.runtime, recipe.hash)
    assert 1 <= len(written) < 20
    assert (await rendition(app, recipe)).failure_code == "damaged"
