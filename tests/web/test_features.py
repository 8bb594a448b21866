"""A feature is one folder: it is added, and taken away again, without a change to any other file but its migration."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from alembic.script import ScriptDirectory

from groundswell.platform.embedded import EmbeddedPostgres
from groundswell.platform.features import Feature, MenuEntry, Section
from groundswell.platform.migrations import alembic_config
from groundswell.web import features
from groundswell.web.navigation import SectionUnknown, build, navigation
from tests.support import App

REPOSITORY = Path(__file__).parents[2]
SCRATCH = Path(__file__).parent / "scratch_feature"
LINT = str(Path(sys.executable).with_name("lint-imports"))
PARTS = ("src", "scripts", "docs", "pyproject.toml")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the repository's code and docs, to which a folder can be added. What Python has compiled comes with it:
    files keep their times, so whatever a test changes is compiled anew."""
    for part in PARTS:
        source, target = REPOSITORY / part, tmp_path / "tree" / part
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy(source, target)
    return tmp_path / "tree"


@pytest.fixture
def empty(postgres: EmbeddedPostgres) -> Iterator[list[str]]:
    """Two empty databases."""
    names = [f"features_{uuid4().hex}" for _ in range(2)]
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        for name in names:
            connection.execute(f'CREATE DATABASE "{name}"')
        yield [postgres.url(name) for name in names]
        for name in names:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def run(tree: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": f"{tree / 'src'}:{tree}", "COLUMNS": "200"}
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)


def add(tree: Path) -> None:
    """Put the scratch feature into ``tree``: one folder, and its migration."""
    shutil.copytree(SCRATCH / "scratch", tree / "src/groundswell/scratch", ignore=shutil.ignore_patterns("__pycache__"))
    head = ScriptDirectory.from_config(alembic_config("postgresql://")).get_current_head()
    migration = (SCRATCH / "migration.py").read_text().replace('"HEAD"', repr(head))
    (tree / "src/groundswell/platform/migrations/versions/9999_scratch.py").write_text(migration)


def remove(tree: Path) -> None:
    shutil.rmtree(tree / "src/groundswell/scratch")
    (tree / "src/groundswell/platform/migrations/versions/9999_scratch.py").unlink()


def walk(tree: Path, database: str, folder: Path) -> dict[str, Any]:
    done = run(tree, sys.executable, str(SCRATCH / "walk.py"), database, str(folder))
    assert done.returncode == 0, done.stderr[-4000:]
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


@pytest.mark.slow
def test_a_feature_is_one_folder(tree: Path, empty: list[str], tmp_path: Path) -> None:
    add(tree)
    with_it = walk(tree, empty[0], tmp_path / "data")
    assert with_it["route"] == 201
    assert with_it["page"][0] == 200
    assert "look at this one (4 words)" in with_it["page"][1]  # written by the route, counted by the signal's job
    assert '<a href="/console/notes" aria-current="page">Notes</a>' in with_it["page"][1]
    assert re.search(r'<a href="/console/notes"\s*>Notes</a>', with_it["elsewhere"])
    assert with_it["tags"]["scratch"] == "Notes that staff leave each other."
    assert with_it["table"]
    assert with_it["described"]
    contracts = run(tree, LINT)
    assert contracts.returncode == 0, contracts.stdout
    assert run(tree, sys.executable, "scripts/reference.py").returncode == 0
    assert "## NoteLeft\n\nSomebody left a note.\n\nFrom `scratch`." in (tree / "docs/reference/signals.md").read_text()
    house = (tree / "docs/explanation/house.md").read_text()
    assert "| `scratch/` | notes that staff leave each other | |" in house
    remove(tree)
    without_it = walk(tree, empty[1], tmp_path / "data")
    assert (without_it["route"], without_it["page"][0], "scratch" in without_it["tags"]) == (404, 404, False)
    assert not without_it["described"]


@pytest.mark.slow
def test_an_import_upwards_or_of_a_page_breaks_the_contract(tree: Path) -> None:
    add(tree)
    titles = tree / "src/groundswell/catalog/titles.py"
    titles.write_text(titles.read_text() + "\nfrom groundswell.scratch import notes\n")
    upwards = run(tree, LINT)
    assert upwards.returncode == 1
    assert "groundswell.catalog.titles -> groundswell.scratch.notes" in upwards.stdout


@pytest.mark.slow
def test_a_folder_that_declares_nothing_breaks_the_contract(tree: Path) -> None:
    add(tree)
    (tree / "src/groundswell/scratch/feature.py").unlink()
    refused = run(tree, LINT)
    assert refused.returncode == 1
    assert "scratch has no feature.py" in refused.stdout + refused.stderr


@pytest.mark.slow
def test_a_signal_that_says_nothing_about_itself_is_refused(tree: Path) -> None:
    add(tree)
    signals = tree / "src/groundswell/scratch/signals.py"
    signals.write_text(signals.read_text().replace('    """Somebody left a note."""\n\n', ""))
    refused = run(tree, sys.executable, "scripts/reference.py", "--check")
    assert refused.returncode == 1
    assert "groundswell.scratch.signals.NoteLeft has no docstring" in refused.stderr


@pytest.mark.slow
def test_the_product_does_without_the_demo(tree: Path) -> None:
    shutil.rmtree(tree / "src/groundswell/demo")
    done = run(
        tree,
        sys.executable,
        "-c",
        "from groundswell.platform.settings import Settings; from groundswell.web.app import create_app; "
        "import groundswell.cli; create_app(Settings(jwks_url='https://service.test/jwks')); print('made')",
    )
    assert done.stdout == "made\n", done.stderr[-2000:]


@pytest.mark.slow
async def test_every_tag_of_a_route_is_declared(app: App) -> None:
    document = (await app.http.get("/v1/openapi.json")).json()
    used = {
        tag for methods in document["paths"].values() for operation in methods.values() for tag in operation["tags"]
    }
    assert used == {tag["name"] for tag in document["tags"]}


def test_a_section_is_open_to_its_role_and_to_administrators() -> None:
    assert [section.name for section in navigation().open_to(frozenset({"finance"}))] == ["Finance"]
    everything = [section.name for section in navigation().open_to(frozenset({"admin"}))]
    assert everything == ["Loop", "Rights", "Trust", "Finance", "Connections", "Audit log"]


@pytest.mark.parametrize(
    ("path", "roles", "section"),
    [
        ("/console/loop", {"marketer"}, "Loop"),
        ("/console/explore", {"admin"}, "Loop"),
        ("/console/previews", {"marketer", "rights"}, "Loop"),
        ("/console/previews", {"rights"}, "Rights"),
        ("/console/rights/rules/7", {"rights"}, "Rights"),
        ("/console/eventsful", {"admin"}, None),
        ("/console/finance", {"trust"}, None),
    ],
)
def test_a_page_lies_in_one_section(path: str, roles: set[str], section: str | None) -> None:
    current = navigation().current(frozenset(roles), path)
    assert (current and current.name) == section


def test_a_menu_of_a_section_that_is_not_there_is_refused() -> None:
    stray = Feature(about="", above=None, menu=(MenuEntry("Nowhere", "/console/nowhere", "Nowhere"),))
    with pytest.raises(SectionUnknown, match="/console/nowhere is in the menu of Nowhere"):
        build([stray])
    section = Section("Nowhere", "/console/nowhere", "trust", "Here.", place=1)
    assert build([replace(stray, sections=(section,))]).pages("Nowhere") == [*stray.menu]


def test_a_feature_that_stands_on_nothing_is_refused() -> None:
    with pytest.raises(features.FeatureMisplaced, match="left above right above left"):
        features.height("left", {"left": Feature("", above="right"), "right": Feature("", above="left")})
    with pytest.raises(features.FeatureMisplaced, match="left above air"):
        features.height("left", {"left": Feature("", above="air")})
