"""The reference pages say what the code does."""

import subprocess
import sys
from pathlib import Path

from typer.main import get_command

from groundswell.cli import app

REPOSITORY = Path(__file__).parents[2]


def test_every_command_is_documented() -> None:
    page = (REPOSITORY / "docs" / "reference" / "command.md").read_text()
    commands = get_command(app).commands  # type: ignore[attr-defined]
    missing = [name for name in commands if f"`groundswell {name}" not in page]
    assert missing == []


def test_settings_and_reason_codes_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/reference.py", "--check"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
