"""Shared by tests that kill things: the service as real processes over one data folder, with durability on.

They are forks of one that has loaded it (see ``tests/forks.py``), unless a test asks for such as are started.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psycopg

from groundswell.platform.embedded import EmbeddedPostgres
from groundswell.platform.settings import Settings
from tests import forks
from tests.forks import Forked

COMMAND = (sys.executable, "-m", "groundswell.cli")
Process = subprocess.Popen[bytes] | Forked


def free_port() -> int:
    """A TCP port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(look: Callable[[], Any], seconds: float = 90, what: str = "it") -> Any:
    """The first truthy value of ``look``; connection errors meanwhile are waited out."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError, psycopg.Error):
            if found := look():
                return found
        time.sleep(0.1)
    raise AssertionError(f"{what} did not happen in {seconds} s")


def groundswell(
    *words: str, environment: Mapping[str, str], program: Sequence[str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``groundswell <words>`` to its end: in a fork, or as ``program`` starts it."""
    if program is None:
        return forks.run(forks.COMMAND, *words, environment=environment)
    command = [*program, *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)


def kill(process: Process) -> None:
    """``kill -9``; returns when it has ended."""
    process.send_signal(signal.SIGKILL)
    process.wait()


class Service:
    """The service in ``folder``: processes that can be killed, and a database that can be looked into."""

    def __init__(
        self,
        folder: Path,
        *,
        demo: bool = True,
        program: Sequence[str] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.port = free_port()
        self.program, self.more = program, environment or {}
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = Settings(data_dir=folder, demo=demo, port=self.port, base_url=self.url)
        self.postgres = EmbeddedPostgres(folder / "postgres")
        self.http = httpx.Client(base_url=self.url)  # making one takes longer than asking: it reads all certificates
        self.processes: list[Process] = []

    @property
    def environment(self) -> dict[str, str]:
        """What every command of it is given."""
        return {**os.environ, **self.more, "GROUNDSWELL_DATA_DIR": str(self.settings.data_dir)}

    def run(self, *command: str, worker_inside: bool = False) -> Process:
        """Start ``groundswell <command>`` in the background."""
        environment = self.environment | {
            "GROUNDSWELL_BASE_URL": self.url,
            "GROUNDSWELL_PORT": str(self.port),
            "GROUNDSWELL_DEMO": str(self.settings.demo).lower(),
            "GROUNDSWELL_WORKER_IN_SERVER": str(worker_inside).lower(),
        }
        with (self.settings.data_dir.parent / f"{command[0]}.log").open("ab") as log:
            if self.program is None:
                process: Process = forks.groundswell(command, environment, log.fileno(), log.fileno())
            else:
                process = subprocess.Popen([*self.program, *command], env=environment, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def serve(self, *, worker_inside: bool = False) -> Process:
        """Start the server and wait until it answers."""
        process = self.run("serve", worker_inside=worker_inside)
        self.wait_for_answer(process, "/healthz")
        return process

    def wait_for_answer(self, process: Process, path: str = "/", seconds: float = 90) -> None:
        """Wait until ``path`` answers with success. A process that has ended will not: its log is what failed."""

        def answered() -> bool:
            if process.poll() is not None:
                logs = (log.read_text()[-4000:] for log in self.settings.data_dir.parent.glob("*.log"))
                raise AssertionError(f"the process ended with {process.returncode}\n" + "\n".join(logs))
            return self.http.get(path).is_success

        eventually(answered, seconds, f"an answer to {path}")

    def command(self, *words: str) -> str:
        """Run ``groundswell <words>`` to its end; its standard output."""
        done = groundswell(*words, program=self.program, environment=self.environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """What a query finds."""
        with psycopg.connect(self.postgres.url(), autocommit=True) as connection:
            return connection.execute(sql, parameters).fetchall()

    def stop(self) -> None:
        """End every process that is left, then the database."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.postgres.start()
        self.postgres.stop()
        self.http.close()
