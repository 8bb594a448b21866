"""A disk that turns read-only: links go on, what needs the disk says so, and all of it is made up for afterwards.

The disk is a real one, mounted read-only in a mount namespace of the processes under test; where a machine lets nobody
have one, these tests are skipped.
"""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from groundswell.events.lake.delta import EVENTS, open_delta
from groundswell.events.lake.sealer_process import sealing
from groundswell.moments.media import media_api
from groundswell.platform.settings import Settings
from tests.media.film import make
from tests.moments.clipping import FILM, add_title, clip, clipped
from tests.processes import eventually
from tests.shares.sharing import shared
from tests.support import App, started

REPOSITORY = Path(__file__).parents[1]
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"}
BIND = 'mount --bind "$0" "$0" && '
READ_ONLY = 'mount -o remount,ro,bind "$0" && '


def namespace() -> list[str]:
    """The command that gives another one mounts of its own; skips where there is none."""
    for command in (["unshare", "-m"], ["unshare", "-rm"]):
        try:
            if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
                return command
        except FileNotFoundError:
            break
    pytest.skip("this machine gives nobody a mount namespace, so no disk can be made read-only")


def run(folder: Path, mounts: str, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``command`` where ``folder`` is a mount of its own."""
    words = [*namespace(), "sh", "-c", f'{mounts} exec "$@"', str(folder), *command]
    known = os.environ | environment
    return subprocess.run(words, env=known, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.slow
@pytest.mark.parametrize("own_database", [True, False])
def test_a_start_on_a_read_only_disk_says_why_not(tmp_path: Path, database_url: str, own_database: bool) -> None:
    data = tmp_path / "data"
    data.mkdir()
    where = {} if own_database else {"GROUNDSWELL_DATABASE_URL": database_url}
    where |= {"GROUNDSWELL_DATA_DIR": str(data), "GROUNDSWELL_JWKS_URL": "http://127.0.0.1:9/jwks"}
    command = [sys.executable, "-m", "groundswell.cli", "serve", "--port", "0"]
    done = run(data, BIND + READ_ONLY, *command, **where)
    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines()[-1].startswith(f"data_folder_unwritable: {data}: "), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_disk_that_turns_read_only_loses_nothing(tmp_path: Path, database_url: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    done = run(data, BIND, sys.executable, "-m", "tests.test_read_only_disk", str(data), database_url)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    during, afterwards = said["during"], said["afterwards"]
    assert during == {"link": 302, "clip": 201, "video": [503, "rendering"], "sealed": False}
    assert afterwards == {"video": 200, "sealed": True}


async def live_through(data: Path, database_url: str) -> dict[str, Any]:
    """What is answered while the disk is read-only, and afterwards. In a namespace of its own."""
    settings = Settings(
        data_dir=data,
        database_url=database_url,
        worker_in_server=False,
        base_url="http://test",
        admission_wait_ms=60_000,
        seal_interval_s=0.1,
    )
    film = make(FILM, data.parent / "numbers")
    async with started(settings) as app, sealing(app.runtime):
        await add_title(app.runtime, film)
        share = await shared(app, moment=(await clipped(app))["id"])
        await sealed(app)
        remount(data, "ro")
        during: dict[str, Any] = {"link": (await app.http.get(f"/s/{share['token']}/go", headers=BROWSER)).status_code}
        made = await clip(app, start=2, end=7)
        during["clip"] = made.status_code
        await app.run_jobs()
        video = f"/m/{made.json()['code']}/wide.mp4"
        media_api.WAIT_S = 0.1
        answer = await app.http.get(video)
        during["video"] = [answer.status_code, answer.json().get("code")]
        during["sealed"] = await is_sealed(app)
        remount(data, "rw")
        media_api.WAIT_S = 60
        async with app.runtime.database.transaction() as session:  # what is to be tried again later is tried now
            await session.execute(text("UPDATE procrastinate_jobs SET scheduled_at = now() WHERE status = 'todo'"))
        await app.run_jobs()
        await sealed(app)
        return {"during": during, "afterwards": {"video": (await app.http.get(video)).status_code, "sealed": True}}


def remount(data: Path, how: str) -> None:
    """Make the disk read-only, or writable again. It is busy for as long as somebody has a file open for writing."""
    command = ["mount", "-o", f"remount,{how},bind", str(data)]
    eventually(lambda: subprocess.run(command, capture_output=True, check=False).returncode == 0, what=f"a disk {how}")


async def is_sealed(app: App) -> bool:
    """Whether the lake has every event that is logged."""
    delta = open_delta(app.runtime.settings, EVENTS)
    lake = set() if delta is None else set(delta.to_pyarrow_table(columns=["id"])["id"].to_pylist())
    async with app.runtime.database.transaction() as session:
        return lake == {str(id) for id in await session.scalars(text("SELECT id FROM events"))}


async def sealed(app: App) -> None:
    """Return once it has."""
    async with asyncio.timeout(120):
        while not await is_sealed(app):  # noqa: ASYNC110 - the sealer is another process
            await asyncio.sleep(0.05)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(live_through(Path(sys.argv[1]), sys.argv[2]))))
