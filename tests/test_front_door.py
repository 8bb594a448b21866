"""What a newcomer meets first says what is there."""

import json
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import groundswell
from groundswell.web.features import discovered

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "groundswell"
FOLDERS = {path.name for path in SOURCE.iterdir() if (path / "__init__.py").exists()}
WAY = (ROOT / "docs" / "contributing" / "find-your-way.md").read_text()
NAMED = re.compile(r"`((?:src|elements|tests|scripts|docs|bench)/[\w./-]+)`")
SHORT = re.compile(r"`(\w+(?:/\w+)+\.(?:py|ts|html|css))`")
BASES = [ROOT, SOURCE, SOURCE / "media", ROOT / "elements" / "src"]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def test_the_version_stands_in_one_place() -> None:
    assert version("groundswell") == groundswell.__version__
    assert json.loads((ROOT / "elements" / "package.json").read_text())["version"] == groundswell.__version__
    assert 'version = "' not in (ROOT / "pyproject.toml").read_text().split("[project]")[1].split("[project.opt")[0]


@pytest.mark.slow
def test_the_command_says_its_version() -> None:
    command = [sys.executable, "-m", "groundswell.cli", "--version"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.strip() == f"groundswell {groundswell.__version__}"


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md", "CHANGELOG.md", "LICENSE"])
def test_what_a_project_owes_its_people_is_there(name: str) -> None:
    assert len((ROOT / name).read_text().split()) > 80


def test_the_licence_is_the_one_that_is_named() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert "Apache-2.0" in (ROOT / "README.md").read_text()


def test_every_answer_of_the_twenty_is_a_file() -> None:
    questions = re.findall(r"^(\d+)\. .+\?$", WAY, re.MULTILINE)
    answers = re.findall(r"^\| (\d+) \| `([^`]+)`", WAY, re.MULTILINE)
    assert questions == [str(number) for number in range(1, 21)] == [number for number, _ in answers]
    assert [path for _, path in answers if not (ROOT / path).is_file()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    named = [path for path in NAMED.findall(page.read_text()) if not re.search(r"NAME|NNNN|bench/results", path)]
    assert [path for path in named if not (ROOT / path).exists()] == []
    short = [path for path in SHORT.findall(page.read_text()) if "NNNN" not in path]
    assert [path for path in short if not any((base / path).exists() for base in BASES)] == []


@pytest.mark.parametrize("page", ["README.md", "docs/explanation/house.md"])
def test_the_tree_that_a_page_draws_is_the_real_one(page: str) -> None:
    """Every folder of the source is named, in the order in which they may import each other; no other is."""
    text = (ROOT / page).read_text()
    drawn = re.findall(r"^\| `(\w+)/` \|", text, re.MULTILINE)
    if not drawn:
        (list_of,) = re.findall(r"one folder a feature, lowest first: (.+?)\. Imports", text, re.DOTALL)
        drawn = re.findall(r"`(\w+)`", list_of)
    assert set(drawn) == FOLDERS
    order = [name for name in drawn if name in discovered()]
    assert order == [name for name in discovered() if name in drawn]
