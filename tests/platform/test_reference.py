"""The reference pages say what the code does."""

from pathlib import Path

import pytest
from typer.main import get_command

from groundswell.cli import app
from groundswell.platform.cannot_start import CannotStart
from groundswell.web.reason_codes import reason_codes
from tests.forks import SCRIPT, run

REPOSITORY = Path(__file__).parents[2]


def test_every_command_is_documented() -> None:
    page = (REPOSITORY / "docs" / "reference" / "command.md").read_text()
    commands = get_command(app).commands  # type: ignore[attr-defined]
    missing = [name for name in commands if f"`groundswell {name}" not in page]
    assert missing == []


def test_whatever_keeps_a_process_from_starting_is_documented() -> None:
    page = (REPOSITORY / "docs" / "reference" / "command.md").read_text()
    reason_codes()  # which imports every module
    kinds = [*CannotStart.__subclasses__()]
    codes = {kind.code for kind in kinds} | {each.code for kind in kinds for each in kind.__subclasses__()}
    assert "database_newer" in codes
    assert {code for code in codes if f"`{code}`" not in page} == set()


@pytest.mark.slow
def test_settings_and_reason_codes_are_up_to_date() -> None:
    """In a process of its own: the pages say what the product has, not what other tests registered meanwhile."""
    done = run(SCRIPT, str(REPOSITORY / "scripts" / "reference.py"), "--check")
    assert done.returncode == 0, done.stdout + done.stderr
