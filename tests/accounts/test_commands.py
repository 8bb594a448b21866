"""``groundswell keys`` and ``groundswell audit``: keys are made, printed once, revoked; the log is proved, exported."""

import json
from pathlib import Path

import psycopg
import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from groundswell.accounts.access import hash_key
from groundswell.accounts.commands import register


@pytest.fixture
def service(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("GROUNDSWELL_DATABASE_URL", database_url)
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(tmp_path))
    return database_url


def groundswell(*words: str) -> Result:
    app = typer.Typer()
    register(app)
    return CliRunner().invoke(app, words)


def live_keys(url: str) -> list[tuple[str, list[str], bytes]]:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT name, scopes, hash FROM service_keys WHERE revoked_at IS NULL").fetchall()


def test_a_key_is_printed_once_and_revoked_by_its_name(service: str) -> None:
    made = groundswell("keys", "create", "backend", "--scope", "catalog", "--scope", "events:write")
    key = made.output.strip()
    assert (made.exit_code, key[:4]) == (0, "gsk_"), made.output
    ((name, scopes, hash),) = live_keys(service)
    assert (name, sorted(scopes), hash) == ("backend", ["catalog", "events:write"], hash_key(key))
    refused = groundswell("keys", "create", "other", "--scope", "everything")
    assert refused.exit_code != 0
    assert "unknown scope everything" in refused.output
    assert groundswell("keys", "revoke", "backend").output == "1 revoked\n"
    assert live_keys(service) == []
    again = groundswell("keys", "revoke", "backend")
    assert again.exit_code != 0
    assert "no live key called backend" in again.output


def test_the_log_is_proved_as_it_is_and_as_it_was_exported(service: str, tmp_path: Path) -> None:
    with psycopg.connect(service) as connection:
        for n in range(3):
            entry = {"number": n, "actor": "key:1", "at": "2026-05-04T12:00:00+00:00"}
            made = "INSERT INTO audit_log (seq, entry, hash, actor, made_at) VALUES (0, %s, '', 'key:1', now())"
            connection.execute(made, [json.dumps(entry)])
    proved = groundswell("audit", "verify").output
    assert proved.startswith("3 entries, whole; the latest hash is ")
    latest = proved.split()[-1]
    file = tmp_path / "log.jsonl"
    file.write_text(groundswell("audit", "export").output)
    for words in ((str(file),), (str(file), "--head", latest), ("--head", latest)):
        assert groundswell("audit", "verify", *words).output == proved
    lines = file.read_text().splitlines()
    for broken in ([lines[0], *lines[2:]], [lines[0].replace("key:1", "key:2", 1), *lines[1:]]):
        file.write_text("\n".join(broken))
        refused = groundswell("audit", "verify", str(file))
        assert refused.exit_code != 0
        assert "the audit log is not whole" in refused.output
    file.write_text("\n".join(lines[:2]))
    assert groundswell("audit", "verify", str(file)).exit_code == 0
    assert groundswell("audit", "verify", str(file), "--head", latest).exit_code != 0, "its end was cut off"
