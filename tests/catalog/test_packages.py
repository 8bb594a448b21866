"""A title is packaged when it is imported, where its codecs allow; where they do not, it says why."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from groundswell.catalog import packages
from groundswell.catalog.importer import import_title
from groundswell.catalog.packages import KEPT, NotPackaged, package_at, package_of
from groundswell.catalog.signals import TitleImported
from groundswell.catalog.tables import Source, Title
from groundswell.media import MediaError, Package
from groundswell.platform import signals
from groundswell.platform.runtime import Runtime
from tests.catalog.films import film
from tests.support import App

pytestmark = pytest.mark.usefixtures("media_cache")


async def source_of(runtime: Runtime, title_id: UUID) -> Source:
    async with runtime.database.transaction() as session:
        title = await session.get_one(Title, title_id)
        return await session.get_one(Source, title.current_source_id)


def objects(runtime: Runtime) -> set[str]:
    folder = runtime.settings.data_dir / "objects"
    return {path.name for path in folder.rglob("*") if path.is_file()}


async def test_the_package_and_its_index_are_stored(app: App, title_id: UUID) -> None:
    source = await source_of(app.runtime, title_id)
    package = await package_of(app.runtime.store, source)
    assert (source.package_refusal, source.copies_play) == (None, True)
    assert package.video.segments[0].start_us == 0
    assert package.video.segments[-1].end_us == pytest.approx(6_000_000, abs=1000)
    for track in (package.video, *package.audio):
        key = packages.key_beside(str(source.package_key), track.file)
        last = track.segments[-1]
        assert await app.runtime.store.size(key) >= last.offset + last.size
    assert len(package.audio) == 1


@pytest.mark.slow
async def test_codecs_that_hls_cannot_carry_leave_the_title_as_mp4_and_say_so(app: App, tmp_path: Path) -> None:
    old = film(tmp_path / "film.mkv", picture="mpeg4", shot_seconds=1)
    title_id = await import_title(app.runtime, old, name="Old")
    source = await source_of(app.runtime, title_id)
    assert (source.package_key, source.package_refusal, source.copies_play) == (None, "cannot_package", False)
    with pytest.raises(NotPackaged) as refused:
        await package_of(app.runtime.store, source)
    assert refused.value.members == {"reason": "cannot_package"}
    app.serve_titles()
    watching = app.as_told(titles=["old"])
    shown = (await app.http.get("/v1/titles/old")).json()
    assert (shown["hls_url"], shown["not_packaged"]["code"]) == (None, "cannot_package")
    assert "transcoding" in shown["not_packaged"]["words"]
    assert (await app.http.get(shown["media_url"], headers=watching)).status_code == 200
    answer = await app.http.get("/v1/titles/old/hls/main.m3u8", headers=watching)
    assert (answer.status_code, answer.json()["code"], answer.json()["reason"]) == (
        404,
        "not_packaged",
        "cannot_package",
    )


async def test_an_accident_while_packaging_is_made_good_by_the_next_import(
    app: App, film_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_bounded = packages.run_bounded

    async def short_of_memory(call: str, *arguments: Any) -> Any:
        raise MediaError("out_of_memory")

    monkeypatch.setattr(packages, "run_bounded", short_of_memory)
    title_id = await import_title(app.runtime, film_file, name="Film")
    first = await source_of(app.runtime, title_id)
    assert (first.package_key, first.package_refusal) == (None, "out_of_memory")
    monkeypatch.setattr(packages, "run_bounded", run_bounded)
    await import_title(app.runtime, film_file, name="Film")
    again = await source_of(app.runtime, title_id)
    assert (again.id, again.version, again.package_refusal) == (first.id, 1, None)
    assert (await package_of(app.runtime.store, again)).video.segments


async def test_the_same_bytes_under_another_name_share_one_package(app: App, film_file: Path, title_id: UUID) -> None:
    stored = objects(app.runtime)
    other = await import_title(app.runtime, film_file, name="Other")
    assert objects(app.runtime) == stored
    assert (await source_of(app.runtime, other)).package_key == (await source_of(app.runtime, title_id)).package_key


async def test_a_file_that_goes_away_while_it_is_packaged_fails_the_import_and_leaves_nothing(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    going = film(tmp_path / "going.mp4", shot_seconds=1)

    async def after_unlinking(*arguments: Any) -> Any:
        await asyncio.to_thread(going.unlink)
        return await packages.packaged(*arguments)

    monkeypatch.setattr("groundswell.catalog.analysis.packaged", after_unlinking)
    with pytest.raises(MediaError) as refused:
        await import_title(app.runtime, going, name="Going")
    assert refused.value.code == "source_missing"
    assert objects(app.runtime) == set()


async def test_a_failure_at_the_very_end_takes_the_package_away_again(app: App, film_file: Path) -> None:
    async def refuse(session: object, signal: TitleImported) -> None:
        assert any(name == packages.INDEX for name in objects(app.runtime))
        raise RuntimeError("somebody above objects")

    signals.on(TitleImported)(refuse)
    try:
        with pytest.raises(RuntimeError, match="objects"):
            await import_title(app.runtime, film_file, name="F")
    finally:
        signals._subscribers[TitleImported].remove(refuse)
    assert objects(app.runtime) == set()


async def test_an_index_that_the_store_has_lost_is_not_packaged(app: App, title_id: UUID) -> None:
    async with app.runtime.database.transaction() as session:
        await session.execute(update(Source).values(package_key="sources/gone/package.json"))
        source = (await session.scalars(select(Source))).one()
    with pytest.raises(NotPackaged):
        await package_of(app.runtime.store, source)


async def test_few_indexes_are_kept_in_memory(app: App, title_id: UUID) -> None:
    text = await app.runtime.store.get_bytes(str((await source_of(app.runtime, title_id)).package_key))
    for n in range(KEPT + 5):
        await app.runtime.store.put_bytes(f"{n}/package.json", text)
        assert await package_at(app.runtime.store, f"{n}/package.json") == Package.from_json(text)
    assert len(packages._read) == KEPT
