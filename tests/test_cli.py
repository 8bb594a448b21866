"""The command as people run it: real processes, real files, a real server beside them."""

import json
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import httpx
import numpy as np
import psycopg
import pytest

from groundswell.demo.identity import IdentityProvider
from tests.film_cache import cache_folder
from tests.media.film import Film, make
from tests.processes import COMMAND, Service, eventually, free_port
from tests.processes import groundswell as run_groundswell


def groundswell(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``groundswell <words>`` to its end."""
    settings = {"GROUNDSWELL_LOG_LEVEL": "WARNING"} | environment
    return run_groundswell(*words, environment=os.environ | settings)


@pytest.fixture
def service(server_folder: Path) -> Iterator[Service]:
    service = Service(server_folder / "data")
    service.settings.data_dir.mkdir(exist_ok=True)
    yield service
    service.stop()


def picture_at(video: Path, seconds: float) -> np.ndarray:
    """The first frame at or after an instant, as an array (height, width) of grey levels."""
    with av.open(str(video)) as container:
        for frame in container.decode(video=0):
            if frame.time is not None and frame.time >= seconds - 1e-6:
                return frame.to_ndarray(format="gray").astype(np.int16)
    raise AssertionError(f"{video} has no frame at {seconds} s")


@pytest.mark.slow
def test_a_real_film_is_imported_clipped_and_watched(service: Service, shared_data: Path, tmp_path: Path) -> None:
    film = shared_data / "video" / "long_1080p_lowbitrate.mp4"
    lines = tmp_path / "lines.srt"
    lines.write_text("1\n00:01:00,000 --> 00:01:03,000\nGrüße aus Köln\n", encoding="utf-8-sig")
    service.serve(worker_inside=True)
    title_id = service.command("import", str(film), "--title", "Long film", "--subtitles", str(lines))
    viewer = {"Authorization": f"Bearer {IdentityProvider(service.settings).token('ada', 'Ada')}"}
    title = httpx.get(f"{service.url}/v1/titles/long-film", headers=viewer).json()
    assert title["id"] == title_id
    assert [line["text"] for line in title["lines"]] == ["Grüße aus Köln"]

    span = {"title": "long-film", "start_us": 60_000_000, "end_us": 66_000_000}
    moment = httpx.post(f"{service.url}/v1/moments", json=span, headers=viewer, timeout=30).json()
    clip = tmp_path / "clip.mp4"

    def ready() -> bool:
        answer = httpx.get(service.url + moment["media"]["mp4_url"], headers=viewer, timeout=60)
        clip.write_bytes(answer.content)
        return answer.status_code == 200

    eventually(ready, 180, "the clip")
    begin, end = moment["start_us"] / 1e6, moment["end_us"] / 1e6
    with av.open(str(clip)) as container:
        count = sum(1 for _ in container.decode(video=0))
        rate = container.streams.video[0].average_rate
    assert rate is not None
    assert count == round((end - begin) * rate)
    for at in (0.0, (count - 1) / float(rate)):
        ours, theirs = picture_at(clip, at), picture_at(film, begin + at)
        rows = np.linspace(0, theirs.shape[0] - 1, ours.shape[0]).round().astype(int)
        columns = np.linspace(0, theirs.shape[1] - 1, ours.shape[1]).round().astype(int)
        assert np.abs(ours - theirs[np.ix_(rows, columns)]).mean() < 6


@pytest.mark.slow
def test_what_is_not_a_film_is_refused_in_one_line(service: Service, tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("not a film")
    for file, code in ((text, "not_a_video"), (tmp_path / "none.mp4", "source_missing")):
        done = groundswell("import", str(file), "--title", "X", GROUNDSWELL_DATA_DIR=str(service.settings.data_dir))
        assert done.returncode == 2
        assert code in done.stderr
        assert "Traceback" not in done.stderr
    service.postgres.start()
    assert service.rows("SELECT count(*) FROM titles") == [(0,)]


@pytest.mark.slow
def test_cut_needs_no_server(tmp_path: Path) -> None:
    film = make(Film(frames=250), tmp_path / "film.mp4")
    clip = tmp_path / "clip.mp4"
    done = groundswell("cut", str(film), "--start", "2", "--end", "5.2", "-o", str(clip), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["frames"] == 80
    refused = groundswell("cut", str(film), "--start", "5", "--end", "2", "-o", str(tmp_path / "no.mp4"))
    assert refused.returncode == 2
    assert not (tmp_path / "no.mp4").exists()


@contextmanager
def published(folder: Path) -> Iterator[str]:
    """The address under which the files of ``folder`` can be fetched."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.slow
def test_the_doctor_says_what_is_right_and_what_is_wrong(tmp_path: Path) -> None:
    data, port = str(tmp_path / "data"), str(free_port())
    (tmp_path / "jwks.json").write_text('{"keys": [{"kty": "RSA", "kid": "1"}]}')
    with published(tmp_path) as site:
        keys = f"{site}/jwks.json"
        well = groundswell(
            "doctor", "--json", GROUNDSWELL_DATA_DIR=data, GROUNDSWELL_PORT=port, GROUNDSWELL_JWKS_URL=keys
        )
    findings = {finding["what"]: finding for finding in json.loads(well.stdout)}
    assert all(finding["ok"] for finding in findings.values()), findings
    assert "embedded PostgreSQL" in findings["database"]["detail"]
    ill = groundswell(
        "doctor", GROUNDSWELL_DATA_DIR=data, GROUNDSWELL_DATABASE_URL=f"postgresql://nobody@127.0.0.1:{port}/none"
    )
    assert ill.returncode == 1
    assert "✗ database" in ill.stdout
    assert "GROUNDSWELL_JWKS_URL is not set" in " ".join(ill.stdout.split())


@pytest.mark.slow
def test_a_newer_versions_database_is_refused_with_its_reason(database_url: str, tmp_path: Path) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    here = {"GROUNDSWELL_DATABASE_URL": database_url, "GROUNDSWELL_DATA_DIR": str(tmp_path / "data")}
    for command in ("migrate", "work", "serve"):
        done = groundswell(command, GROUNDSWELL_DEMO="true", GROUNDSWELL_PORT=str(free_port()), **here)
        assert done.returncode == 2, done.stderr
        assert "database_newer: the database is at revision 9999" in done.stderr.splitlines()[-1]
        assert "Traceback" not in done.stderr
    findings = {finding["what"]: finding for finding in json.loads(groundswell("doctor", "--json", **here).stdout)}
    assert (findings["tables"]["ok"], findings["tables"]["code"]) == (False, "database_newer")
    with psycopg.connect(database_url, autocommit=True) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]


@pytest.mark.slow
def test_a_database_that_is_not_there_is_refused_with_its_reason(tmp_path: Path) -> None:
    nowhere = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    done = groundswell("migrate", GROUNDSWELL_DATABASE_URL=nowhere, GROUNDSWELL_DATA_DIR=str(tmp_path / "data"))
    assert done.returncode == 2
    assert done.stderr.startswith("database_unreachable: the database cannot be reached: ")
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_port_that_is_taken_is_refused_with_its_reason(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen(1)
        port = str(other.getsockname()[1])
        for command in ("serve", "demo"):
            here = {"GROUNDSWELL_PORT": port, "GROUNDSWELL_DATA_DIR": str(tmp_path / "data")}
            done = groundswell(command, GROUNDSWELL_DEMO="true", **here)
            assert done.returncode == 2
            assert done.stderr.startswith(f"port_taken: Port {port} is taken by another program.")
    assert not (tmp_path / "data" / "postgres").exists(), "nothing has been begun"


@pytest.mark.slow
def test_wrong_settings_and_scopes_are_named(tmp_path: Path) -> None:
    wrong = groundswell("serve", GROUNDSWELL_PORT="eighty")
    assert wrong.returncode == 2
    assert "GROUNDSWELL_PORT" in wrong.stderr
    started = run_groundswell("serve", environment=os.environ | {"GROUNDSWELL_PORT": "eighty"}, program=COMMAND)
    assert (started.returncode, started.stdout, started.stderr) == (2, wrong.stdout, wrong.stderr), "as a fork has it"
    scope = groundswell("keys", "create", "x", "--scope", "everything", GROUNDSWELL_DATA_DIR=str(tmp_path / "data"))
    assert scope.returncode == 2
    assert "conversions:write" in scope.stderr


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_the_demo_prepares_itself_and_starts_again_at_once(server_folder: Path) -> None:
    """The films are kept with those of the tests: drawn once, for every run."""
    films = cache_folder() / "demo"
    films.mkdir(exist_ok=True)
    os.utime(films)
    service = Service(server_folder / "data", program=COMMAND)
    service.settings.data_dir.mkdir(exist_ok=True)
    (service.settings.data_dir / "films").symlink_to(films, target_is_directory=True)
    try:
        first = service.run("demo", "--quick", "--port", str(service.port), worker_inside=True)
        service.wait_for_answer(first, seconds=1200)
        assert httpx.get(f"{service.url}/v1/titles").json()["items"]
        assert len(httpx.get(f"{service.url}/v1/discover").json()["items"]) >= 5
        ((unbalanced,),) = service.rows(
            "SELECT count(*) FROM pools WHERE status <> 'divided' AND period < to_char(now(), 'YYYY-MM')"
        )
        assert unbalanced == 0
        counts = service.rows("SELECT (SELECT count(*) FROM moments), (SELECT count(*) FROM conversions)")
        first.terminate()
        first.wait(timeout=30)
        second = service.run("demo", "--port", str(service.port), worker_inside=True)
        service.wait_for_answer(second)
        assert service.rows("SELECT (SELECT count(*) FROM moments), (SELECT count(*) FROM conversions)") == counts
    finally:
        service.stop()
