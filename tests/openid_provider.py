"""A certified OpenID provider (the npm package ``oidc-provider``), really running."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.processes import free_port

ROOT = Path(__file__).parents[1]
PROGRAM = Path(__file__).with_suffix(".mjs")
SECRET = "a secret that both know"
GROUPS = {"moments-marketing": ["marketer"], "moments-money": ["finance", "trust"]}


@contextmanager
def openid_provider(client: str = "http://test") -> Iterator[str]:
    """The issuer of a provider that runs for as long as the block lasts. ``client``: where its one client is."""
    node = shutil.which("node", path=f"{Path(sys.executable).parent}:/usr/bin:/usr/local/bin")
    if node is None or not (ROOT / "node_modules" / "oidc-provider").is_dir():
        pytest.skip("the OpenID provider is not installed: make setup")
    port = free_port()
    command = [node, str(PROGRAM), str(port), f"{client}/session/callback", f"{client}/session/ended"]
    # A group of its own: the wheel's ``node`` is a program that starts the real one, which must end with it.
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    )
    assert process.stdout is not None
    try:
        assert any(line.strip() == "ready" for line in process.stdout), "the provider did not start"
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        process.stdout.close()
