"""Databases for tests: copies of one migrated database, made ahead of the test that takes one and dropped behind it.

A copy is whole, so that a test may commit, listen, break its connections or change tables as it likes; and with the
server's files in memory it costs less than emptying the tables that a test has filled.
"""

import asyncio
import shutil
import tempfile
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from uuid import uuid4

import psycopg

from groundswell.events.log.partitions import days_ahead, ensure_days
from groundswell.platform.embedded import EmbeddedPostgres
from groundswell.platform.migrations import migrate
from groundswell.web import features

QUICK = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "shared_buffers": "128MB",
    "autovacuum": "off",
    "io_method": "sync",
}
"""Without durability, which only the crash tests need (they start servers of their own); with no vacuum, whose
transactions on databases that live for seconds would keep what a test has just committed from being sealed; and without
processes that read ahead of a disk that is not there."""

MEMORY = Path("/dev/shm")
MEMORY_BYTES = 1 << 30
FORSAKEN_AFTER_S = 60
"""By then a server that is in use is locked by its users."""

AHEAD = 2
TEMPLATE = "template_groundswell"


def make_template(server: EmbeddedPostgres) -> str:
    """Make the database, with every table and the event log's days, that others are copied from. Returns its name."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {TEMPLATE}")
    features.load("tables")
    features.load(
        "jobs"
    )  # what they hear of signals belongs to what a change does, whichever tests run in this process
    migrate(server.url(TEMPLATE))
    with asyncio.Runner() as runner:
        runner.run(_make_days(server.url(TEMPLATE)))
    return TEMPLATE


async def _make_days(url: str) -> None:
    """Make the event log's days, as every application would at its start."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await ensure_days(connection, days_ahead())


class Databases:
    """Empty databases with every table, copied from ``template`` on ``server``."""

    def __init__(self, server: EmbeddedPostgres, template: str) -> None:
        self.server, self.template = server, template
        self._thread = ThreadPoolExecutor(1, "databases")
        self._ready: deque[Future[str]] = deque()
        self._dropped: list[Future[None]] = []

    def take(self) -> str:
        """The name of a database for the caller alone."""
        while len(self._ready) <= AHEAD:
            self._ready.append(self._thread.submit(self._copy))
        return self._ready.popleft().result()

    def drop(self, name: str) -> None:
        """Let go of a database, whoever is still connected to it."""
        self._dropped.append(self._thread.submit(self._run, f'DROP DATABASE "{name}" WITH (FORCE)'))

    def settle(self) -> None:
        """Wait for what was asked for: making and dropping a database are transactions, and snapshots taken in any
        database of the server see them run."""
        self._thread.submit(int).result()

    def close(self) -> None:
        """Wait for what was asked for; raises if a database could not be dropped."""
        self._thread.shutdown()
        for dropped in self._dropped:
            dropped.result()

    def _copy(self) -> str:
        name = f"test_{uuid4().hex}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE {self.template} STRATEGY FILE_COPY')
        return name

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.server.url(), autocommit=True) as connection:
            connection.execute(statement)


def folder_for_a_server() -> tempfile.TemporaryDirectory[str]:
    """A folder that is deleted when closed, in memory where there is enough.

    It is not pytest's: each run of pytest closes that to other users, such as root's stand-in for the server.
    """
    in_memory = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_BYTES
    if in_memory:
        clear_forsaken()
    return tempfile.TemporaryDirectory(prefix="groundswell-", dir=MEMORY if in_memory else None)


def clear_forsaken() -> None:
    """Give back the memory that runs which were killed have left taken: their servers run on, but nobody uses them."""
    for folder in MEMORY.glob("groundswell-*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime < FORSAKEN_AFTER_S:
                continue
            with (folder / ".postgres.users").open() as users:
                flock(users, LOCK_EX | LOCK_NB)
            server = EmbeddedPostgres(folder / "postgres")
            server.start()
            server.stop()
            shutil.rmtree(folder)
