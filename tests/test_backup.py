"""The drill: back up, be killed in the middle, restore elsewhere, compare every number."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from groundswell.backup import BackupFailed, back_up, backups_at, restore, rows_of_tables, store_at
from groundswell.events.lake.sealer import seal_now
from groundswell.platform.settings import Settings
from tests import forks
from tests.databases import Databases
from tests.events.places import Shared
from tests.support import App, started
from tests.web.console.loop.test_overview import mira, shared

__all__ = ["mira", "shared"]  # fixtures

pytestmark = pytest.mark.usefixtures("still_server")

PERIOD = "period=7d"
NUMBERS = [
    f"/console/loop/days.csv?{PERIOD}",
    f"/console/loop/titles.csv?{PERIOD}",
    f"/console/explore.csv?by=channel&{PERIOD}",
    f"/console/explore.csv?by=title&{PERIOD}",
    f"/console/traffic.csv?{PERIOD}",
    f"/console/cohorts.csv?{PERIOD}",
    f"/console/events.csv?{PERIOD}",
    f"/console/credits.csv?{PERIOD}",
]
OBJECTS = 400


@pytest.fixture
async def elsewhere(databases: Databases, tmp_path: Path) -> AsyncIterator[Settings]:
    """Another place: an empty database and an empty data folder."""
    name = f"elsewhere_{uuid4().hex}"
    with psycopg.connect(databases.server.url(), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        yield Settings(
            data_dir=tmp_path / "elsewhere",
            database_url=databases.server.url(name),
            worker_in_server=False,
            base_url="http://test",
            admission_wait_ms=60_000,
        )
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


async def numbers(app: App) -> dict[str, Any]:
    """Everything that is counted, by where it stands."""
    marketer, finance = app.signed_in("mira", "marketer"), app.signed_in("fay", "finance")
    found: dict[str, Any] = {}
    for address in NUMBERS:
        answer = await app.http.get(address, headers=marketer)
        assert answer.status_code == 200, (address, answer.text[:300])
        found[address] = answer.text
    ledger = await app.http.get("/v1/ledger/trial-balance.csv", headers=finance)
    assert ledger.status_code == 200
    return found | {"ledger": ledger.text}


async def killed(settings: Settings, once: Callable[[], bool], *command: str) -> None:
    """Run ``groundswell <command>`` and kill it, with no warning, once something is so."""
    environment = os.environ | {
        "GROUNDSWELL_DATA_DIR": str(settings.data_dir),
        "GROUNDSWELL_DATABASE_URL": str(settings.database_url),
    }
    process = forks.groundswell(command, environment)
    async with asyncio.timeout(120):
        while not once():
            assert process.poll() is None, "it ended before it could be killed"
            await asyncio.sleep(0.001)
    process.kill()
    assert process.wait() == -9


def anything_in(folder: Path) -> Callable[[], bool]:
    return lambda: folder.is_dir() and any(folder.iterdir())


@pytest.mark.slow
async def test_the_drill(app: App, shared: Shared, elsewhere: Settings, tmp_path: Path, databases: Databases) -> None:
    for n in range(OBJECTS):
        await app.runtime.store.put_bytes(f"titles/{n:04}/film.mp4", os.urandom(2000))
    before, link = await numbers(app), f"/s/{shared.token}"
    there = tmp_path / "backups"
    await killed(app.runtime.settings, anything_in(there / "objects"), "backup", str(there))
    assert await backups_at(store_at(str(there), elsewhere)) == [], "one that was killed is none"
    with pytest.raises(BackupFailed, match="no whole backup"):
        await restore(elsewhere, str(there))

    name = await back_up(app.runtime.settings, str(there))
    assert await backups_at(store_at(str(there), elsewhere)) == [name]
    await killed(elsewhere, anything_in(elsewhere.data_dir / "objects"), "restore", str(there))
    with psycopg.connect(str(elsewhere.database_url)) as connection:
        assert rows_of_tables(connection) == {}, "its database is empty until all of it is there"

    manifest = await restore(elsewhere, str(there))
    assert len(manifest.objects) >= OBJECTS
    assert manifest.rows["public.events"] > 5
    async with started(elsewhere) as restored:
        assert await numbers(restored) == before
        assert (await restored.http.get(link)).status_code == (await app.http.get(link)).status_code == 200
        assert (await seal_now(restored.runtime))["events"].rows == 1, "the click just now: it goes on where it was"
        for key in list(manifest.objects)[:: OBJECTS // 20]:
            assert await restored.runtime.store.get_bytes(key) == await app.runtime.store.get_bytes(key)
    with pytest.raises(BackupFailed, match="not empty"):
        await restore(elsewhere, str(there))


@pytest.mark.slow
async def test_a_second_backup_takes_only_what_is_new(app: App, elsewhere: Settings, tmp_path: Path) -> None:
    there = tmp_path / "backups"
    await app.runtime.store.put_bytes("titles/1/film.mp4", b"film")
    first = await back_up(app.runtime.settings, str(there))
    kept = (there / "objects/titles/1/film.mp4").stat().st_mtime_ns
    await app.runtime.store.put_bytes("titles/2/film.mp4", b"another")
    second = await back_up(app.runtime.settings, str(there), with_keys=False)
    assert (there / "objects/titles/1/film.mp4").stat().st_mtime_ns == kept
    assert await backups_at(store_at(str(there), elsewhere)) == [first, second]
    assert not (there / second / "secret.key").exists()
    assert (there / first / "secret.key").exists()

    manifest = await restore(elsewhere, str(there), first)
    assert list(manifest.objects) == ["titles/1/film.mp4"]
    assert elsewhere.secret == app.runtime.settings.secret
    assert (elsewhere.data_dir / "secret.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("how", ["changed", "missing", "newer"])
async def test_a_damaged_backup_is_not_restored(app: App, elsewhere: Settings, tmp_path: Path, how: str) -> None:
    there = tmp_path / "backups"
    await app.runtime.store.put_bytes("titles/1/film.mp4", b"film")
    name = await back_up(app.runtime.settings, str(there))
    film, manifest = there / "objects/titles/1/film.mp4", there / name / "manifest.json"
    if how == "changed":
        film.write_bytes(b"fiLm")
    elif how == "missing":
        film.unlink()
    else:
        manifest.write_text(manifest.read_text().replace('"revision": "0', '"revision": "9'))
    with pytest.raises(BackupFailed, match={"newer": "newer version"}.get(how, "is damaged")):
        await restore(elsewhere, str(there))
    with psycopg.connect(str(elsewhere.database_url)) as connection:
        assert rows_of_tables(connection) == {}


def files_in(folder: Path) -> list[Path]:
    return [each for each in folder.rglob("*") if each.is_file()]


def files_outside(place: Settings, folder: Path) -> set[Path]:
    """What lies in ``folder``, but for what belongs to a place that is restored there."""
    return {each for each in folder.rglob("*") if place.data_dir not in (each, *each.parents)}


def led_astray(manifest: dict[str, Any], how: str) -> None:
    """Let a manifest name something that is not in a backup."""
    film = manifest["objects"]["titles/1/film.mp4"]
    if how == "its file":
        film["at"] = "../../elsewhere"
    elif how == "a key":
        manifest["keys"]["authorized_keys"] = manifest["keys"]["secret.key"]
    elif how == "nothing":
        del manifest["rows"]
    else:
        part, name = how.split(" ", 1)
        manifest[part][name] = film


@pytest.mark.slow
@pytest.mark.parametrize(
    "how",
    [
        "objects ../../outside.mp4",
        "objects /outside.mp4",
        "objects titles/../../outside.mp4",
        "objects titles/\\..\\outside.mp4",
        "lake ../outside",
        "lake nothing/of-ours",
        "its file",
        "a key",
        "nothing",
    ],
)
async def test_a_backup_that_leads_elsewhere_is_not_restored(
    app: App, elsewhere: Settings, tmp_path: Path, how: str
) -> None:
    """Whoever can write where backups lie writes nowhere else by it; nothing is there before that is known."""
    there = tmp_path / "backups"
    await app.runtime.store.put_bytes("titles/1/film.mp4", b"film")
    name = await back_up(app.runtime.settings, str(there))
    path = there / name / "manifest.json"
    manifest = json.loads(path.read_text())
    led_astray(manifest, how)
    path.write_text(json.dumps(manifest))
    before = files_outside(elsewhere, tmp_path)
    with pytest.raises(BackupFailed, match="is damaged"):
        await restore(elsewhere, str(there))
    assert files_outside(elsewhere, tmp_path) == before
    assert files_in(elsewhere.data_dir) == []


async def test_a_link_among_a_backups_files_gives_away_nothing(app: App, elsewhere: Settings, tmp_path: Path) -> None:
    there, secret = tmp_path / "backups", tmp_path / "secret"
    secret.write_bytes(b"what is not in the backup")
    await app.runtime.store.put_bytes("titles/1/film.mp4", b"film")
    await back_up(app.runtime.settings, str(there))
    film = there / "objects/titles/1/film.mp4"
    film.unlink()
    film.symlink_to(secret)
    with pytest.raises(BackupFailed, match="is damaged"):
        await restore(elsewhere, str(there))
    assert not any(b"what is not" in each.read_bytes() for each in files_in(elsewhere.data_dir))
