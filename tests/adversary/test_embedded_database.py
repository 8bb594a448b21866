"""The embedded database is private: no other user of the machine gets in, wherever the data lies."""

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from groundswell.platform.embedded import EmbeddedPostgres, is_private

CONNECT = """
import os, sys, psycopg, encodings.idna, logging
os.setgid(65534); os.setgroups([]); os.setuid(65534)
try:
    psycopg.connect(sys.argv[1], connect_timeout=5)
except psycopg.OperationalError as error:
    print("refused", error)
else:
    print("in")
"""
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can try it as another user")


@pytest.fixture(scope="module", params=["short", "deep"])
def server(request: pytest.FixtureRequest) -> Iterator[EmbeddedPostgres]:
    with tempfile.TemporaryDirectory(prefix="gs-") as folder:
        place = Path(folder) / ("d" if request.param == "short" else "deep/" + "x" * 90)
        place.mkdir(parents=True)
        os.chmod(folder, 0o711)
        server = EmbeddedPostgres(place / "postgres")
        server.start()
        yield server
        server.stop()


def try_as_somebody_else(url: str) -> str:
    done = subprocess.run([sys.executable, "-c", CONNECT, url], capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr


@pytest.mark.slow
def test_its_socket_lies_where_only_its_owner_can_go(server: EmbeddedPostgres) -> None:
    place = server.socket_dir
    assert is_private(place, place.stat().st_uid)
    assert place == server.socket_dir, "it stays where it is"
    assert EmbeddedPostgres(server.folder).socket_dir == place, "and whoever joins finds it"
    server.stop()
    assert place == server.folder or not place.exists(), "what lies elsewhere goes with the server"
    server.start()


@pytest.mark.slow
@AS_ROOT
def test_another_user_of_the_machine_is_refused(server: EmbeddedPostgres) -> None:
    assert "refused" in try_as_somebody_else(server.url())


@AS_ROOT
def test_another_user_is_refused_even_where_the_socket_can_be_reached(server: EmbeddedPostgres) -> None:
    mode = stat.S_IMODE(server.socket_dir.stat().st_mode)
    server.socket_dir.chmod(0o755)
    try:
        answer = try_as_somebody_else(f"postgresql://postgres@/postgres?host={_reachable(server)}")
    finally:
        _reachable(server).chmod(mode)
    assert "refused" in answer
    assert "in\n" not in answer


def _reachable(server: EmbeddedPostgres) -> Path:
    """Where the running server listens, as its own file says."""
    return Path((server.folder / "postmaster.pid").read_text().splitlines()[4])


def test_a_folder_that_somebody_else_put_there_is_not_taken() -> None:
    with tempfile.TemporaryDirectory(prefix="gs-") as folder:
        place = Path(folder) / ("x" * 90)
        place.mkdir()
        planted = Path(folder) / "planted"
        planted.mkdir(mode=0o777)
        planted.chmod(0o777)
        (place / ".postgres.socket").write_text(str(planted))
        server = EmbeddedPostgres(place / "postgres")
        assert server.socket_dir != planted
        link = Path(folder) / "link"
        link.symlink_to(server.socket_dir)
        assert not is_private(link, os.geteuid())
        server.socket_dir.rmdir()


def test_we_ourselves_get_in(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.url()) as connection:
        row = connection.execute("SELECT current_user, current_setting('data_directory_mode')").fetchone()
    assert row == ("postgres", "0700")
