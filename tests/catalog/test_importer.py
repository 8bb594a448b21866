"""A file becomes a title, whole or not at all."""

import asyncio
import os
import shutil
import signal
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from PIL import Image
from sqlalchemy import func, select

from groundswell.catalog.importer import FileTooLarge, import_title
from groundswell.catalog.signals import TitleImported
from groundswell.catalog.slugs import TextRefused
from groundswell.catalog.tables import Line, Series, Shot, Source, Title
from groundswell.catalog.title_rows import EpisodeTaken, SlugTaken
from groundswell.media import MediaError, TitleIndex, probe
from groundswell.platform import signals
from groundswell.platform.runtime import Runtime
from tests.catalog.films import film
from tests.programs import begin
from tests.support import App

pytestmark = pytest.mark.usefixtures("media_cache")


@pytest.fixture
def runtime(app: App) -> Runtime:
    return app.runtime


async def read(runtime: Runtime, title_id: UUID) -> tuple[Title, Source, list[Line], list[Shot]]:
    async with runtime.database.transaction() as session:
        title = await session.get_one(Title, title_id)
        source = await session.get_one(Source, title.current_source_id)
        lines = await session.scalars(select(Line).filter_by(title_id=title_id).order_by(Line.number))
        shots = await session.scalars(select(Shot).filter_by(source_id=source.id).order_by(Shot.number))
        return title, source, list(lines), list(shots)


def content(path: Path) -> bytes:
    return path.read_bytes()


def objects(runtime: Runtime) -> set[str]:
    folder = runtime.settings.data_dir / "objects"
    return {path.name for path in folder.rglob("*") if path.is_file()}


async def rows(runtime: Runtime) -> int:
    async with runtime.database.transaction() as session:
        counts = [await session.scalar(select(func.count()).select_from(t)) for t in (Title, Source, Series, Line)]
        return sum(count or 0 for count in counts)


async def test_a_film_is_imported_with_all_that_is_known_of_it(
    runtime: Runtime, film_file: Path, subtitles_file: Path
) -> None:
    heard: list[tuple[str, float]] = []
    title_id = await import_title(
        runtime,
        film_file,
        name="Harbour Lights",
        subtitles=subtitles_file,
        language="de-AT",
        synopsis="Fog.",
        released_on=date(2026, 5, 1),
        rating="12",
        accent="#1f6f8b",
        on_progress=lambda stage, part: heard.append((stage, part)),
    )
    title, source, lines, shots = await read(runtime, title_id)
    assert (title.slug, title.synopsis, title.released_on, title.accent) == (
        "harbour-lights",
        "Fog.",
        date(2026, 5, 1),
        "#1f6f8b",
    )
    assert (source.status, source.version, source.width, source.height) == ("ready", 1, 192, 108)
    assert source.duration_us == 6_000_000
    assert await runtime.store.get_bytes(source.storage_key) == content(film_file)
    assert TitleIndex.from_document(source.index) == probe(film_file)
    assert [(line.language, line.start_us, line.text) for line in lines] == [
        ("de-AT", 500_000, "Who goes there?"),
        ("de-AT", 2_000_000, "Grüße aus dem Nebel."),
    ]
    spans = [(shot.start_us, shot.end_us) for shot in shots]
    assert spans == [pytest.approx((n * 2e6, (n + 1) * 2e6), abs=100_000) for n in range(3)]
    wave = source.waveform or []
    assert len(wave) == 120
    assert max(wave[:55]) < 20 < 100 < min(wave[70:110])
    assert {stage for stage, _ in heard} >= {"reading", "finding shots, drawing pictures", "storing"}
    assert all(0 <= part <= 1 for _, part in heard)


async def test_pictures_are_taken_from_the_film_or_given(runtime: Runtime, film_file: Path, tmp_path: Path) -> None:
    Image.new("RGB", (900, 1350), "white").save(tmp_path / "poster.png")
    title_id = await import_title(runtime, film_file, name="Given", poster=tmp_path / "poster.png")
    title, source, *_ = await read(runtime, title_id)
    keys = (title.poster_key, title.backdrop_key, source.storyboard_key)
    poster, backdrop, board = [Image.open(await runtime.store.local_path(key or "")) for key in keys]
    assert poster.size == (800, 1200)
    assert poster.getpixel((400, 600)) == (255, 255, 255)
    assert backdrop.size == (1920, 1080)
    assert max(backdrop.getpixel((1900, 20))) > 120  # the colour of a shot, not black
    layout = source.storyboard or {}
    assert board.size == (layout["tile_width"] * layout["columns"], layout["tile_height"] * layout["rows"])


async def test_the_same_bytes_again_change_nothing(runtime: Runtime, film_file: Path, subtitles_file: Path) -> None:
    first = await import_title(runtime, film_file, name="Harbour Lights", subtitles=subtitles_file)
    before, stored = await read(runtime, first), objects(runtime)
    again = await import_title(runtime, film_file, name="Harbour Lights", subtitles=subtitles_file)
    after = await read(runtime, again)
    assert again == first
    assert [source.id for source in (before[1], after[1])] == [before[1].id] * 2
    assert objects(runtime) == stored
    assert len(after[2]) == len(before[2])


async def test_mended_subtitles_take_the_place_of_the_old(runtime: Runtime, film_file: Path, tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nColour\n\n2\n00:00:03,000 --> 00:00:04,000\nTwo")
    title_id = await import_title(runtime, film_file, name="F", subtitles=tmp_path / "a.srt")
    (tmp_path / "b.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nColor")
    await import_title(runtime, film_file, name="F", subtitles=tmp_path / "b.srt")
    _, source, lines, _ = await read(runtime, title_id)
    assert ([line.text for line in lines], source.version) == (["Color"], 1)


@pytest.mark.slow
async def test_other_bytes_are_a_new_version(runtime: Runtime, film_file: Path, tmp_path: Path) -> None:
    first = await import_title(runtime, film_file, name="Harbour Lights", synopsis="Fog.")
    recut = film(tmp_path / "recut.mp4", shot_seconds=1)
    second = await import_title(runtime, recut, name="Harbour Lights")
    title, source, *_ = await read(runtime, second)
    assert (source.version, source.duration_us, title.synopsis) == (2, 3_000_000, "Fog.")
    assert first == second


async def test_two_titles_may_have_the_same_bytes(runtime: Runtime, film_file: Path) -> None:
    one = await import_title(runtime, film_file, name="One")
    two = await import_title(runtime, film_file, name="Two")
    assert one != two
    assert (await read(runtime, one))[1].storage_key == (await read(runtime, two))[1].storage_key


@pytest.mark.slow
async def test_a_file_browsers_cannot_play_gets_a_version_they_can(runtime: Runtime, tmp_path: Path) -> None:
    mkv = film(tmp_path / "film.mkv", picture="mpeg4", sound="ac3", shot_seconds=1)
    _, source, *_ = await read(runtime, await import_title(runtime, mkv, name="F"))
    assert source.storage_key.endswith(".mkv")
    played = probe(await runtime.store.local_path(source.playback_key or ""))
    assert (source.playback_type, played.video.codec, played.audio[0].codec) == ("video/mp4", "h264", "aac")
    assert abs(played.duration_us - (source.duration_us or 0)) < 60_000


async def test_a_silent_film_has_no_waveform(runtime: Runtime, tmp_path: Path) -> None:
    silent = film(tmp_path / "film.mp4", sound=None, shot_seconds=1)
    _, source, *_ = await read(runtime, await import_title(runtime, silent, name="F"))
    assert source.waveform == []


async def test_episodes_stand_in_their_series(runtime: Runtime, film_file: Path, tmp_path: Path) -> None:
    place = {"series": "The Lighthouse", "season": 1}
    one = await import_title(runtime, film_file, name="Rooms", episode=1, **place)
    other = film(tmp_path / "two.mp4", shot_seconds=1)
    two = await import_title(runtime, other, name="Sea", episode=2, **place)
    titles = [(await read(runtime, title_id))[0] for title_id in (one, two)]
    assert titles[0].series_id == titles[1].series_id
    assert [(title.season, title.episode) for title in titles] == [(1, 1), (1, 2)]
    before = await rows(runtime)
    with pytest.raises(EpisodeTaken):
        await import_title(runtime, film(tmp_path / "three.mp4", hue=9), name="Pretender", episode=2, **place)
    assert await rows(runtime) == before


async def test_the_rooms_above_hear_of_it(runtime: Runtime, film_file: Path, heard: list[TitleImported]) -> None:
    title_id = await import_title(runtime, film_file, name="F")
    assert [signal.title_id for signal in heard] == [title_id]


@pytest.fixture
def heard() -> Iterator[list[TitleImported]]:
    found: list[TitleImported] = []

    async def listen(session: object, signal: TitleImported) -> None:
        found.append(signal)

    signals.on(TitleImported)(listen)
    yield found
    signals._subscribers[TitleImported].remove(listen)


def refused_files(folder: Path, whole: bytes) -> dict[str, tuple[Path, str]]:
    contents = {"empty_file": b"", "not_a_video": b"dear diary", "truncated": whole[:3000]}
    for code, content in contents.items():
        (folder / f"{code}.mp4").write_bytes(content)
    sound = film(folder / "sound.m4a", picture=None)
    return {
        **{code: (folder / f"{code}.mp4", code) for code in contents},
        "audio only": (sound, "no_video_stream"),
        "missing": (folder / "none.mp4", "source_missing"),
        "folder": (folder, "unreadable"),
    }


async def test_what_is_no_film_is_refused_and_nothing_is_left(
    runtime: Runtime, film_file: Path, tmp_path: Path
) -> None:
    for path, code in refused_files(tmp_path, content(film_file)).values():
        with pytest.raises(MediaError) as refused:
            await import_title(runtime, path, name="F")
        assert refused.value.code == code, path
    assert (await rows(runtime), objects(runtime)) == (0, set())


async def test_broken_subtitles_and_pictures_are_refused_and_nothing_is_left(
    runtime: Runtime, film_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "x").write_bytes(b"nothing of the kind")
    for given, code in (("subtitles", "bad_subtitles"), ("poster", "bad_picture")):
        with pytest.raises(MediaError) as refused:
            await import_title(runtime, film_file, name="F", **{given: tmp_path / "x"})
        assert refused.value.code == code
    assert (await rows(runtime), objects(runtime)) == (0, set())


IMPOSSIBLE: list[dict[str, Any]] = [
    {"name": ""},
    {"name": "x" * 301},
    {"name": "a\x00b"},
    {"slug": "No Such Slug"},
    {"slug": "a/../b"},
    {"slug": "0123abcd-0123-0123-0123-0123456789ab"},
    {"series": "S"},
    {"season": 1, "episode": 1},
    {"series": "S", "season": 1, "episode": -1},
    {"accent": "red"},
    {"language": "no language"},
]


async def test_texts_that_cannot_be_are_refused(runtime: Runtime, film_file: Path) -> None:
    for says in IMPOSSIBLE:
        with pytest.raises(TextRefused):
            await import_title(runtime, film_file, **{"name": "F", **says})
    assert await rows(runtime) == 0


async def test_a_title_is_not_replaced_by_one_whose_name_only_looks_alike(
    runtime: Runtime, film_file: Path, tmp_path: Path
) -> None:
    await import_title(runtime, film_file, name="Home!")
    with pytest.raises(SlugTaken):
        await import_title(runtime, film(tmp_path / "b.mp4", shot_seconds=1), name="Home?")


async def test_names_in_other_scripts_get_an_address(runtime: Runtime, film_file: Path) -> None:
    title, *_ = await read(runtime, await import_title(runtime, film_file, name="灯台"))
    assert title.slug.startswith("title-")


async def test_a_file_larger_than_allowed_is_refused(runtime: Runtime, tmp_path: Path) -> None:
    with (tmp_path / "huge.mp4").open("wb") as file:
        file.truncate((runtime.settings.upload_max_mb + 1) << 20)
    with pytest.raises(FileTooLarge):
        await import_title(runtime, tmp_path / "huge.mp4", name="F")


async def test_a_failure_at_the_very_end_leaves_nothing(runtime: Runtime, film_file: Path) -> None:
    async def refuse(session: object, signal: TitleImported) -> None:
        raise RuntimeError("somebody above objects")

    signals.on(TitleImported)(refuse)
    try:
        with pytest.raises(RuntimeError, match="objects"):
            await import_title(runtime, film_file, name="F")
    finally:
        signals._subscribers[TitleImported].remove(refuse)
    assert (await rows(runtime), objects(runtime)) == (0, set())


async def test_a_failed_import_does_not_take_another_titles_media_along(runtime: Runtime, film_file: Path) -> None:
    await import_title(runtime, film_file, name="One", series="S", season=1, episode=1)
    stored = objects(runtime)

    async def refuse(session: object, signal: TitleImported) -> None:
        raise RuntimeError("somebody above objects")

    signals.on(TitleImported)(refuse)
    try:
        with pytest.raises(RuntimeError, match="objects"):
            await import_title(runtime, film_file, name="Two")
    finally:
        signals._subscribers[TitleImported].remove(refuse)
    assert objects(runtime) == stored


async def test_cancelling_leaves_nothing(runtime: Runtime, film_file: Path) -> None:
    reached = asyncio.Event()
    importing_task = asyncio.create_task(
        import_title(
            runtime, film_file, name="F", on_progress=lambda stage, _: reached.set() if stage == "storing" else 0
        )
    )
    await reached.wait()
    importing_task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await importing_task
    assert (await rows(runtime), objects(runtime)) == (0, set())


async def test_the_same_file_twice_at_once_is_one_title(runtime: Runtime, film_file: Path) -> None:
    both = await asyncio.gather(*(import_title(runtime, film_file, name="F") for _ in range(2)))
    assert both[0] == both[1]
    async with runtime.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Source)) == 1


async def test_a_file_that_changes_meanwhile_is_refused(runtime: Runtime, film_file: Path, tmp_path: Path) -> None:
    changing = Path(shutil.copy(film_file, tmp_path / "changing.mp4"))
    with pytest.raises(MediaError) as refused:
        await import_title(
            runtime,
            changing,
            name="F",
            on_progress=lambda s, _: os.utime(changing, (1, 1)) if s.startswith("finding") else 0,
        )
    assert refused.value.code == "source_changed"
    assert (await rows(runtime), objects(runtime)) == (0, set())


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from groundswell.catalog.importer import import_title
from groundswell.platform.runtime import open_runtime
from groundswell.platform.settings import Settings
from groundswell.web import features

features.load("tables"); features.load("jobs")

async def main():
    async with open_runtime(Settings()) as runtime:
        put = runtime.store.put_file
        async def put_and_die(key, file):
            await put(key, file)
            os.kill(os.getpid(), signal.SIGKILL)
        runtime.store.put_file = put_and_die
        await import_title(runtime, Path(sys.argv[1]), name="F")

asyncio.run(main())
"""


@pytest.mark.slow
async def test_an_import_that_was_killed_is_taken_up_by_the_next(
    runtime: Runtime, film_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(runtime.settings.data_dir))
    monkeypatch.setenv("GROUNDSWELL_DATABASE_URL", runtime.settings.database_url or "")
    child = begin(KILLED, str(film_file))
    await asyncio.to_thread(child.wait)
    assert child.returncode == -signal.SIGKILL
    assert await rows(runtime) == 0
    assert len(objects(runtime)) == 1
    _, source, *_ = await read(runtime, await import_title(runtime, film_file, name="F"))
    assert len([name for name in objects(runtime) if name.startswith("media")]) == 1
    assert await runtime.store.get_bytes(source.storage_key) == content(film_file)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["bbb_2500ms.ts", "bbb_642x642_768kbps_30fps_vp9.webm"],
)
async def test_files_that_other_programs_made(runtime: Runtime, shared_data: Path, name: str) -> None:
    _, source, _, shots = await read(runtime, await import_title(runtime, shared_data / "video" / name, name=name))
    assert shots[0].start_us == 0
    assert shots[-1].end_us == source.duration_us
    played = probe(await runtime.store.local_path(source.playback_key or ""))
    assert played.video.codec in {"h264", "vp9"}


async def test_subtitles_in_an_encoding_that_was_guessed_are_said_to_be(
    runtime: Runtime, film_file: Path, tmp_path: Path
) -> None:
    """Where the title is imported, and where the installation is looked at, until they are given anew."""
    from groundswell.doctor import subtitles

    rows, file = "1\n00:00:01,000 --> 00:00:02,000\nNoël\n", tmp_path / "a.srt"
    file.write_bytes(rows.encode("cp1252"))
    title_id = await import_title(runtime, film_file, name="Guessed", subtitles=file)
    title, *_ = await read(runtime, title_id)
    assert title.doubtful_encoding == "cp1252"
    with pytest.raises(RuntimeError, match="guessed"):
        await subtitles(runtime.settings)
    file.write_text(rows, encoding="utf-8")
    await import_title(runtime, film_file, name="Guessed", subtitles=file)
    title, *_ = await read(runtime, title_id)
    assert title.doubtful_encoding is None
    assert "guessed" in await subtitles(runtime.settings)
