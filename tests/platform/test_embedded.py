"""The embedded PostgreSQL: started, shared, killed, recovered, stopped."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text

from groundswell.platform.database import sqlalchemy_url
from groundswell.platform.embedded import EmbeddedPostgres


@pytest.fixture
def server(server_folder: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(server_folder / "postgres")
    server.start()
    yield server
    server.stop()


def query(server: EmbeddedPostgres, sql: str, seconds: float = 20) -> object:
    """Run ``sql``; a server that is just restarting gets a while."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with psycopg.connect(server.url(), autocommit=True) as connection:
                cursor = connection.execute(sql)
                return cursor.fetchone()[0] if cursor.description else None
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@pytest.mark.slow
def test_a_killed_server_comes_back_with_its_data(server: EmbeddedPostgres) -> None:
    query(server, "CREATE TABLE kept AS SELECT 42 AS answer")
    pid = server.postmaster_pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert query(server, "SELECT answer FROM kept") == 42
    assert server.postmaster_pid() != pid


@pytest.mark.slow
def test_it_is_durable_by_default(server: EmbeddedPostgres) -> None:
    assert query(server, "SHOW fsync") == "on"
    assert query(server, "SHOW synchronous_commit") == "on"


@pytest.mark.slow
def test_who_started_it_twice_stops_it(server_folder: Path) -> None:
    server = EmbeddedPostgres(server_folder / "postgres")
    server.start()
    server.start()
    server.stop()
    assert server.postmaster_pid() is None
    server.start()
    assert query(server, "SELECT 1") == 1
    server.stop()
    assert server.postmaster_pid() is None


@pytest.mark.slow
def test_the_last_user_stops_it(server_folder: Path) -> None:
    first, second = EmbeddedPostgres(server_folder / "postgres"), EmbeddedPostgres(server_folder / "postgres")
    first.start()
    second.start()
    first.stop()
    assert query(second, "SELECT 1") == 1
    second.stop()
    assert second.postmaster_pid() is None


@pytest.mark.slow
def test_a_killed_user_leaves_a_server_that_the_next_one_joins_and_stops(server_folder: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path\n"
        "from groundswell.platform.embedded import EmbeddedPostgres\n"
        f"EmbeddedPostgres(Path({str(server_folder / 'postgres')!r})).start(); print('up', flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as user:
        assert user.stdout is not None
        assert user.stdout.readline() == b"up\n"
        user.kill()
    server = EmbeddedPostgres(server_folder / "postgres")
    left_running = server.postmaster_pid()
    server.start()
    assert server.postmaster_pid() == left_running
    server.stop()
    assert server.postmaster_pid() is None


@pytest.mark.slow
def test_a_deep_folder_gets_a_socket_elsewhere(server_folder: Path) -> None:
    deep = server_folder / ("d" * 60) / ("e" * 60) / "postgres"
    server = EmbeddedPostgres(deep)
    server.start()
    assert query(server, "SELECT 1") == 1
    server.stop()


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["my data", "Übung & 100 %"])
def test_the_folder_may_have_any_name(server_folder: Path, folder: str) -> None:
    server = EmbeddedPostgres(server_folder / folder / "postgres")
    server.start()
    try:
        assert query(server, "SELECT 1") == 1
        engine = create_engine(sqlalchemy_url(server.url()))
        with engine.connect() as connection:
            assert connection.execute(text("SELECT 1")).scalar() == 1
        engine.dispose()
    finally:
        server.stop()
