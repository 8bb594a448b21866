"""Renditions that nobody asks for are dropped by policy, never those in use, and made again on demand."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from groundswell.moments.media import media_api
from groundswell.moments.media.eviction import GRACE, drop_unasked
from groundswell.moments.media.renderer import sole_maker
from groundswell.moments.tables import Rendition
from groundswell.platform.clock import utc_now
from tests.media.film import make
from tests.moments.clipping import add_title, clipped, rows, worker
from tests.moments.packaged import PACKAGED, pack
from tests.support import App

pytestmark = pytest.mark.usefixtures("media_cache")

DAY = timedelta(days=1)


@pytest.fixture
async def moment(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A moment of a packaged title, with all of its media: five renditions."""
    monkeypatch.setattr(media_api, "WAIT_S", 120)
    film = make(PACKAGED, tmp_path / "packaged")
    title: UUID = await add_title(app.runtime, film)
    await pack(app, title, film, tmp_path / "package")
    made = await clipped(app)
    await app.run_jobs()
    return made


async def ready(app: App) -> dict[str, Rendition]:
    async with app.runtime.database.transaction() as session:
        return {row.profile: row for row in await rows(session, select(Rendition).filter_by(status="ready"))}


async def age(app: App, days: float, *profiles: str) -> None:
    async with app.runtime.database.transaction() as session:
        asked = update(Rendition).values(asked_at=utc_now() - days * DAY)
        await session.execute(asked.where(Rendition.profile.in_(profiles)) if profiles else asked)


def stored(app: App) -> int:
    folder = app.runtime.settings.data_dir / "objects" / "renditions"
    return sum(1 for path in folder.rglob("*") if path.is_file())


@pytest.mark.slow
async def test_what_nobody_asked_for_in_time_goes_with_all_its_objects(app: App, moment: dict[str, Any]) -> None:
    app.runtime.settings.rendition_keep_days = 30
    assert set(await ready(app)) == {"source", "hls", "wide", "light", "poster", "preview"}
    await age(app, 31, "wide", "hls")
    before = stored(app)
    hls_files = len(((await ready(app))["hls"].result or {})["video"]["pieces"])
    assert hls_files > 0
    assert await drop_unasked(app.runtime, utc_now()) == 2
    assert set(await ready(app)) == {"source", "light", "poster", "preview"}
    assert stored(app) == 4 < before
    assert await drop_unasked(app.runtime, utc_now()) == 0


@pytest.mark.slow
async def test_what_was_dropped_is_made_again_when_asked_for(app: App, moment: dict[str, Any]) -> None:
    before = (await app.http.get(f"/m/{moment['code']}/wide.mp4")).content
    await age(app, 10_000)
    assert await drop_unasked(app.runtime, utc_now()) == 6
    assert stored(app) == 0
    async with worker(app):
        again = await app.http.get(f"/m/{moment['code']}/wide.mp4")
    assert (again.status_code, len(again.content)) == (200, pytest.approx(len(before), rel=0.01))


@pytest.mark.slow
async def test_asking_keeps_it(app: App, moment: dict[str, Any]) -> None:
    await age(app, 10_000)
    await app.http.get(f"/m/{moment['code']}/wide.mp4")
    await app.http.get(f"/m/{moment['code']}/clip.m3u8")
    await drop_unasked(app.runtime, utc_now())
    assert set(await ready(app)) == {"wide", "hls"}


@pytest.mark.slow
async def test_beyond_the_bound_the_least_recently_asked_for_go_first(app: App, moment: dict[str, Any]) -> None:
    app.runtime.settings.rendition_keep_mb = 0
    async with app.runtime.database.transaction() as session:
        await session.execute(update(Rendition).values(size_bytes=1 << 20))
    for days, profile in enumerate(("wide", "poster", "hls", "source", "preview", "light"), 1):
        await age(app, days, profile)
    app.runtime.settings.rendition_keep_mb = 2
    assert await drop_unasked(app.runtime, utc_now()) == 4
    assert set(await ready(app)) == {"wide", "poster"}


@pytest.mark.slow
async def test_what_is_in_use_stays_whatever_the_bound(app: App, moment: dict[str, Any]) -> None:
    app.runtime.settings.rendition_keep_mb = 0
    assert await drop_unasked(app.runtime, utc_now()) == 0
    late = utc_now() + 2 * GRACE
    row = (await ready(app))["wide"]
    async with sole_maker(app.runtime.database, row.recipe_hash) as mine:
        assert mine is not None
        assert await drop_unasked(app.runtime, late) == 5
    assert set(await ready(app)) == {"wide"}
    async with app.runtime.database.transaction() as session:
        await session.execute(update(Rendition).values(status="rendering", storage_key=None))
    assert await drop_unasked(app.runtime, late) == 0


@pytest.mark.slow
async def test_without_bounds_everything_stays(app: App, moment: dict[str, Any]) -> None:
    app.runtime.settings.rendition_keep_days = 0
    await age(app, 10_000)
    assert await drop_unasked(app.runtime, utc_now()) == 0


@pytest.mark.slow
async def test_two_that_sweep_at_once_and_a_drop_cut_short_leave_it_right(
    app: App, moment: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    await age(app, 10_000, "wide")
    delete = app.runtime.store.delete

    async def cut_short(key: str) -> None:
        await delete(key)
        raise OSError("killed here")

    monkeypatch.setattr(app.runtime.store, "delete", cut_short)
    with pytest.raises(OSError, match="killed"):
        await drop_unasked(app.runtime, utc_now())
    monkeypatch.undo()
    monkeypatch.setattr(media_api, "WAIT_S", 120)
    assert "wide" in await ready(app)  # the row is there, its object is not
    lost = await app.http.get(f"/m/{moment['code']}/wide.mp4")
    assert (lost.status_code, lost.json()["code"]) == (503, "rendering")
    async with worker(app):
        assert (await app.http.get(f"/m/{moment['code']}/wide.mp4")).status_code == 200
