"""``groundswell check`` against a service that is really served: what holds, what does not, and what to do."""

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from groundswell.demo.identity import IdentityProvider
from tests.media.film import Film, make
from tests.processes import Service, free_port, groundswell
from tests.webhook_receiver import receiving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]
ORIGIN = "https://play.example"


@pytest.fixture
def service(server_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setenv("GROUNDSWELL_OUTBOUND_NETWORKS", '["127.0.0.0/8"]')
    monkeypatch.setenv("GROUNDSWELL_COMPONENT_ORIGINS", json.dumps([ORIGIN]))
    service = Service(server_folder / "data")
    service.settings.data_dir.mkdir(exist_ok=True)
    yield service
    service.stop()


def check(*words: str) -> tuple[int, list[dict[str, Any]]]:
    """The exit code, and the steps."""
    done = groundswell("check", *words, "--patience", "120", "--json", environment=os.environ)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


async def test_a_deployment_is_walked_and_what_does_not_hold_is_said(service: Service, tmp_path: Path) -> None:
    film = make(Film(frames=40 * 25, size=(640, 360)), tmp_path / "film.mp4")
    await asyncio.to_thread(lambda: service.serve(worker_inside=True))
    facts = ("--title", "Film", "--rating", "6", "--released", "2020-01-01", "--not-live")
    await asyncio.to_thread(service.command, "import", str(film), *facts)
    scopes = ("--scope", "conversions:write", "--scope", "webhooks")
    key = await asyncio.to_thread(service.command, "keys", "create", "check", *scopes)
    token = IdentityProvider(service.settings).token("noor", "Noor")
    async with receiving() as receiver:
        hook = {"name": "Ours", "address": receiver.address}
        headers = {"Authorization": f"Bearer {key}"}
        made = await asyncio.to_thread(lambda: service.http.post("/v1/webhooks", json=hook, headers=headers))
        assert made.status_code == 201, made.text
        given = ("--token", token, "--key", key, "--origin", ORIGIN, "--write")
        code, steps = await asyncio.to_thread(check, service.url, *given)
        assert {step["state"] for step in steps} == {"holds"}, steps
        assert code == 0
        assert "sign_up.credited" in receiver.kinds
        receiver.answer = "500 Internal Server Error\r\n"
        code, steps = await asyncio.to_thread(
            check, service.url, "--token", "nonsense", "--key", key, "--origin", "https://other.example", "--write"
        )
    by_name = {step["what"]: step for step in steps}
    assert code == 1
    failing = {name for name, step in by_name.items() if step["state"] == "fails"}
    assert failing == {"your pages' calls (CORS)", "a viewer's token", "webhooks"}
    assert "GROUNDSWELL_COMPONENT_ORIGINS" in by_name["your pages' calls (CORS)"]["todo"]
    assert by_name["a share"]["state"] == "left out"
    code, steps = await asyncio.to_thread(check, f"http://127.0.0.1:{free_port()}")
    assert (code, steps[0]["state"]) == (1, "fails")
