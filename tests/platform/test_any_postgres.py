"""The service on a PostgreSQL that is not its own, reached by URL: Debian's where installed, else a second embedded."""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from groundswell.demo.identity import IdentityProvider
from groundswell.platform.embedded import EmbeddedPostgres
from groundswell.platform.settings import Settings
from groundswell.web.app import create_app

DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def foreign_url(server_folder: Path) -> Iterator[str]:
    """The address, over TCP, of a server that is not in our data folder."""
    port = free_port()
    url = f"postgresql://postgres@127.0.0.1:{port}/"
    if not DEBIAN:
        server = EmbeddedPostgres(server_folder / "foreign", {"listen_addresses": "127.0.0.1", "port": str(port)})
        server.start()
        yield url + "postgres"
        server.stop()
        return
    cluster = Path("/tmp") / f"groundswell-foreign-{port}"
    cluster.mkdir(mode=0o700)
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        os.chown(cluster, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    tools = DEBIAN[-1].parent

    def run(*command: object) -> None:
        subprocess.run([*map(str, command)], check=True, user=user, cwd="/", stdout=subprocess.DEVNULL, env={})

    run(tools / "initdb", "-U", "postgres", "--auth=trust", "--encoding=utf8", "--locale=C.UTF-8", cluster)
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={cluster}"
    run(tools / "pg_ctl", "-w", "-D", cluster, "-l", cluster / "log", "-o", options, "start")
    try:
        yield url + "postgres"
    finally:
        run(tools / "pg_ctl", "-w", "-D", cluster, "-m", "immediate", "stop")
        shutil.rmtree(cluster)


@pytest.mark.slow
async def test_the_service_runs_on_any_postgres(foreign_url: str, tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path / "data", database_url=foreign_url, base_url="http://test", worker_in_server=False
    )
    identity = IdentityProvider(settings)
    app = create_app(settings, identity)
    async with app.router.lifespan_context(app):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
            token = identity.token("ada", "Ada")
            answer = await http.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["name"] == "Ada"
    assert not (tmp_path / "data" / "postgres").exists()
    with psycopg.connect(foreign_url) as connection:
        row = connection.execute("SELECT name FROM viewers").fetchone()
    assert row == ("Ada",)
