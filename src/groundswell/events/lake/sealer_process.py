"""Sealing in a process of its own: heavy work, and a server sharing its interpreter would stand still meanwhile.

Whoever serves or works starts one such child and starts it again when it ends. The child is told everything on its
standard input and ends when that closes: it cannot outlive its parent, however the parent ends. Killed at any moment,
it leaves the lake as it was before or after a sealing (``sealer.py``). Of all children, over all machines, one at a
time seals; the others look in now and then, and load nothing heavy meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import select
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import structlog

from groundswell.platform.repeat import repeating
from groundswell.platform.settings import Settings

from .delta import SEALED, sealed
from .sealer import Sealer

if TYPE_CHECKING:
    from groundswell.platform.runtime import Runtime

log = structlog.get_logger(__name__)

COMMAND = (sys.executable, "-m", "groundswell.events.lake.sealer_process")
SETTINGS = {"data_dir", "lake_url", "seal_interval_s", "log_format", "log_level"}
RESTART_AFTER_S = 1.0
LEAVES_WITHIN_S = 10.0


@asynccontextmanager
async def sealing(runtime: Runtime) -> AsyncIterator[None]:
    """Seal every few seconds for as long as the block lasts, unless somebody else does."""
    said = order(runtime.database.url, runtime.settings)
    async with repeating("events.seal", RESTART_AFTER_S, lambda: _run_child(said)):
        yield


def order(url: str, settings: Settings) -> bytes:
    """What a child is told: which database, which lake, and which tables."""
    tables = {table.name: dict(table.columns) for table in SEALED.values()}
    said = {"url": url, "settings": settings.model_dump(mode="json", include=SETTINGS), "tables": tables}
    return json.dumps(said).encode() + b"\n"


async def _run_child(said: bytes) -> None:
    """Run a child until it ends, which it should not, or until cancelled."""
    child = await asyncio.create_subprocess_exec(
        *COMMAND,
        stdin=PIPE,
        start_new_session=True,  # a Ctrl-C at the terminal is for us, who will close the pipe
    )
    try:
        assert child.stdin is not None
        child.stdin.write(said)
        log.warning("sealing_process_ended", status=await child.wait())
    finally:
        await _leave(child)


async def _leave(child: Process) -> None:
    """Let a child end the sealing under way, if it does so soon."""
    assert child.stdin is not None
    child.stdin.close()
    try:
        await asyncio.wait_for(child.wait(), LEAVES_WITHIN_S)
    except TimeoutError:
        with suppress(ProcessLookupError):
            child.kill()


def main() -> None:
    """What the child does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C at the terminal is for the parent, who will close the pipe
    said = json.loads(sys.stdin.buffer.readline())
    settings = Settings(**said["settings"])
    _log_as(settings)
    for name, columns in said["tables"].items():
        sealed(name, columns)
    sealer = Sealer(said["url"], settings)
    while not _parent_left(settings.seal_interval_s):
        _seal(sealer)
    sealer.close()


def _log_as(settings: Settings) -> None:
    from groundswell.platform.telemetry import configure_logging

    configure_logging(settings)


def _parent_left(within_s: float) -> bool:
    readable, _, _ = select.select([sys.stdin], [], [], within_s)
    return bool(readable)


def _seal(sealer: Sealer) -> None:
    try:
        sealer.seal()
    except Exception as error:  # whatever it is, events go on being taken, and the next sealing catches up
        log.warning("sealing_failed", error=str(error).strip().split("\n", 1)[0], kind=type(error).__name__)
        sealer.close()


if __name__ == "__main__":
    main()
