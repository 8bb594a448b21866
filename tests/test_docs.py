"""The documents lead somewhere: links and pictures to files, and the files, modules, commands and settings that they
and the code name."""

import ast
import re
import shlex
import subprocess
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest
import typer

from groundswell.cli import app
from groundswell.platform.settings import Settings

REPOSITORY = Path(__file__).parents[1]
SOURCE = REPOSITORY / "src" / "groundswell"
PAGES = sorted(path for path in REPOSITORY.glob("*.md")) + sorted((REPOSITORY / "docs").rglob("*.md"))
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
FILE = re.compile(r"[\w.-]+(/[\w.-]+)*(\.(py|ts|sql|html|css|toml|md|json)|/)")
PLACEHOLDER = re.compile(r"NNNN|NAME")
BASES = ("", "src/groundswell/", "src/groundswell/media/", "elements/", "elements/src/", "tests/platform/")
"""Where a page may begin a path: at the top, in the house, in the clip engine (its own page), …"""
ELSEWHERE = {"dist/", "dist/sbom.cdx.json", "objects/", ".sql"}
"""Made by the build and by a backup; an ending."""
DOTTED = re.compile(r"``([a-z_]\w*(?:\.\w+)+)(?:\(\))?``")
NOT_OURS = set("av base64 c2pa charge config invoice invoice_payment outer psycopg span stripe time".split())
"""First parts of dotted names in docstrings that are other software's, or a value's attributes."""
MEDIA = (".jpg", ".png", ".svg", ".mp4", ".m3u8")
TOLD = [page for page in PAGES if page.name != "CHANGELOG.md"]
"""What is true of today: changes tell of what was."""
SETTING = re.compile(r"\bGROUNDSWELL_[A-Z0-9_]*[A-Z0-9](?![A-Z0-9_*…])")
NO_SETTINGS = {"GROUNDSWELL_KEY", "GROUNDSWELL_FUZZ", "GROUNDSWELL_LONG_TESTS"}
"""What a program of the reader's is given, and what the tests are."""
COMMAND = re.compile(r"(?:^|[`;&|] ?|\$ ?)(?:[\w./]*bin/)?groundswell ([a-z][^`#;&|<>\n]*)", re.MULTILINE)
NAMED_FILE = re.compile(r"(?<![\w/.<-])((?:\w+/)+\w+\.(?:py|ts|sql|md))\b")


def relative(page: Path) -> str:
    return str(page.relative_to(REPOSITORY))


@cache
def tracked() -> frozenset[str]:
    """Every file of the repository, and every folder (ending in a slash)."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout.split()
    present = {file for file in files if (REPOSITORY / file).exists()}
    return frozenset(present | {f"{folder}/" for file in present for folder in Path(file).parents})


@cache
def names() -> frozenset[str]:
    """The last part of every path."""
    return frozenset(Path(path).name + "/" * path.endswith("/") for path in tracked())


def is_there(path: str) -> bool:
    return any(base + path in tracked() for base in BASES) or path in names()


@cache
def modules() -> dict[str, list[Path]]:
    """The files of the modules, by every end of their dotted names: ``visit``, ``visits.visit``, …"""
    found = defaultdict(list)
    for path in SOURCE.rglob("*.py"):
        parts = path.relative_to(SOURCE.parent).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        for n in range(len(parts)):
            found[".".join(parts[n:])].append(path)
    return found


@cache
def defined(path: Path) -> set[str]:
    """What a module defines, and what stands beside it."""
    nodes = ast.walk(ast.parse(path.read_text()))
    return {name for node in nodes for name in _names(node)} | {child.stem for child in path.parent.iterdir()}


def _names(node: ast.AST) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return {node.id}
    return set()


def is_defined(dotted: str) -> bool:
    """Whether a module has such a name, or (``a.b.c``) there is such a module."""
    module, _, name = dotted.rpartition(".")
    return dotted in modules() or any(name in defined(path) for path in modules().get(module, ()))


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_lead_somewhere(page: Path) -> None:
    targets = [target.split("#")[0] for target in LINK.findall(page.read_text())]
    missing = [t for t in targets if t and "://" not in t and not (page.parent / t).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_the_files_that_a_page_names_are_there(page: Path) -> None:
    named = {code for code in CODE.findall(page.read_text()) if FILE.fullmatch(code) and not PLACEHOLDER.search(code)}
    assert [code for code in sorted(named - ELSEWHERE) if not is_there(code)] == []


def test_the_files_that_the_code_names_are_there() -> None:
    sources = [path for path in sorted(tracked()) if path.endswith((".py", ".ts", ".sql", ".css", ".html"))]
    named = {
        (path, file)
        for path in sources
        if not path.startswith("tests/")
        for file in NAMED_FILE.findall((REPOSITORY / path).read_text())
    }
    missing = [each for each in sorted(named) if not any(f"/{path}".endswith(f"/{each[1]}") for path in tracked())]
    assert missing == []


def test_the_names_that_docstrings_give_are_defined() -> None:
    named = {
        (relative(path), name)
        for path in sorted(SOURCE.rglob("*.py"))
        for name in DOTTED.findall(path.read_text())
        if not name.endswith(MEDIA)
    }
    strays = [(path, name) for path, name in sorted(named) if not (is_defined(name) or is_there(name))]
    assert [(path, name) for path, name in strays if name.split(".")[0] not in NOT_OURS] == []
    assert {name.split(".")[0] for _, name in strays} == NOT_OURS, "no longer named: take it off the list"


def test_a_stale_name_is_found() -> None:
    assert is_there("events/traffic/current_verdict.py")
    assert is_there("src/groundswell/events/traffic/")
    assert not is_there("events/standing.py")
    assert is_defined("events.traffic.current_verdict.verdict_as_of")
    assert is_defined("eligibility.eligible")
    assert is_defined("catalog.packages")
    assert not is_defined("seeing.look")
    assert not is_defined("eligibility.eligable")


@pytest.mark.parametrize("page", [page for page in TOLD if page.parent.name != "contributing"], ids=relative)
def test_the_settings_that_a_page_names_are_read(page: Path) -> None:
    known = {f"GROUNDSWELL_{name.upper()}" for name in (*Settings.model_fields, "sync_token")}
    known |= {f"{name}_FILE" for name in known}
    named = set(SETTING.findall(page.read_text()))
    assert sorted(named - known - NO_SETTINGS) == []


def not_there(words: list[str]) -> str | None:
    """The first word of a command line that leads nowhere."""
    command = typer.main.get_command(app)
    while (inside := getattr(command, "commands", None)) is not None and words and words[0][0] != "-":
        word = words.pop(0)
        if word not in inside:
            return word
        command = inside[word]
    options = {name for each in command.params for name in (*each.opts, *each.secondary_opts)} | {"--help"}
    named = [word.partition("=")[0] for word in words if word.startswith("--") and word != "--"]
    return next((name for name in named if name not in options), None)


@pytest.mark.parametrize("page", TOLD, ids=relative)
def test_the_commands_that_a_page_gives_are_there(page: Path) -> None:
    lines = COMMAND.findall(page.read_text().replace("\\\n", " "))
    assert [
        (line, word) for line in lines if (word := not_there(shlex.split(re.sub(r"['\[\]]", " ", line)))) is not None
    ] == []


def test_a_command_that_is_not_there_is_found() -> None:
    assert not_there(["keys", "create", "check", "--scope", "webhooks"]) is None
    assert not_there(["keys", "forge", "check"]) == "forge"
    assert not_there(["sync", "x", "--from-plex"]) == "--from-plex"
