"""Holds the OpenAPI document to Redocly's recommended rules: exits with 1, and says what, where one does not hold.

The rules are in ``scripts/redocly.yaml``. Warnings count as well: what is only
recommended is required by some generator.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from groundswell.platform.settings import Settings
from groundswell.web.app import create_app

ROOT = Path(__file__).parents[1]
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "CI": "true"}


def problems(document: dict[str, Any]) -> list[str]:
    """What does not hold, a line each."""
    node = shutil.which("node", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    redocly = ROOT / "node_modules" / "@redocly" / "cli" / "bin" / "cli.js"
    if node is None or not redocly.is_file():
        raise SystemExit("Redocly is not installed: make setup")
    rules = Path(__file__).with_name("redocly.yaml")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "openapi.json"
        file.write_text(json.dumps(document))
        command = [
            node,
            str(redocly),
            "lint",
            str(file),
            "--config",
            str(rules),
            "--format",
            "json",
        ]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | QUIET, check=False)
    try:
        found = json.loads(done.stdout)["problems"]
    except (ValueError, KeyError):
        raise SystemExit(f"Redocly did not look at it: {done.stderr.strip()}") from None
    return [f"{each['ruleId']}: {each['message']} ({each['location'][0].get('pointer')})" for each in found]


if __name__ == "__main__":
    found = problems(create_app(Settings(jwks_url="http://localhost/keys")).openapi())
    print("\n".join(f"✗ {line}" for line in found) or "✓ the API's description keeps Redocly's recommended rules")
    sys.exit(1 if found else 0)
