"""The sealing process seals beside whoever started it, comes back when killed, and never outlives its parent."""

import asyncio
import signal
import subprocess
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import psutil
import pytest

from groundswell.events.event import Event
from groundswell.events.lake.delta import EVENTS, open_delta
from groundswell.events.lake.sealer_process import COMMAND, order, sealing
from groundswell.events.log.event_log import record
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.runtime import Runtime
from groundswell.platform.settings import Settings
from tests.processes import eventually


def in_lake(settings: Settings) -> set[str]:
    delta = open_delta(settings, EVENTS)
    return set() if delta is None else set(delta.to_pyarrow_table()["id"].to_pylist())


async def add(database: Database) -> str:
    event = Event(kind="click", at=utc_now())
    async with database.transaction() as session:
        await record(session, event)
    return str(event.id)


async def until(look: Callable[[], Any], seconds: float = 60) -> Any:
    return await asyncio.to_thread(eventually, look, seconds)


def sealers() -> list[psutil.Process]:
    """Those of this process; a server that other tests keep running in it has one of its own."""
    own = psutil.Process().children(recursive=True)
    return [child for child in own if COMMAND[-1] in child.cmdline()]


@pytest.mark.slow
async def test_it_seals_comes_back_when_killed_and_leaves_when_told(database: Database, settings: Settings) -> None:
    settings = settings.model_copy(update={"seal_interval_s": 0.05})
    runtime = cast(Runtime, SimpleNamespace(database=database, settings=settings))
    others = sealers()
    async with sealing(runtime):
        first = await add(database)
        await until(lambda: first in in_lake(settings))
        (child,) = [sealer for sealer in sealers() if sealer not in others]
        child.send_signal(signal.SIGKILL)
        second = await add(database)
        await until(lambda: second in in_lake(settings))
        assert {first, second} == in_lake(settings)
        assert open_delta(settings, EVENTS).to_pyarrow_table().num_rows == 2  # type: ignore[union-attr]
    assert all(sealer in others for sealer in sealers())


PARENT = """
import subprocess, sys, time
child = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE)
child.stdin.write(bytes.fromhex(sys.argv[1]))
child.stdin.flush()
print(child.pid, flush=True)
time.sleep(600)
"""


def started(said: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([COMMAND[0], "-c", PARENT, said, *COMMAND], stdout=subprocess.PIPE)


@pytest.mark.slow
async def test_it_ends_when_its_parent_is_killed(database: Database, database_url: str, settings: Settings) -> None:
    settings = settings.model_copy(update={"seal_interval_s": 0.05})
    with started(order(database_url, settings).hex()) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        event = await add(database)
        await until(lambda: event in in_lake(settings))
        parent.send_signal(signal.SIGKILL)
    await until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, 20)
