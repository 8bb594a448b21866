"""SQL as text names the tables of its own room, and views that other rooms publish: nothing else of another room.

What a query in Python names, it imports, and the contracts on imports hold it. A string escapes them.
"""

import ast
import re
from pathlib import Path

import pytest
from sqlalchemy import text

import groundswell
from groundswell.platform.database import Base, Database
from groundswell.web import features

SOURCES = Path(groundswell.__file__).parent
MIGRATIONS = SOURCES / "platform" / "migrations"
TABLES = re.compile(r"\b(?:FROM|JOIN|UPDATE|INTO|TABLE|REFERENCES|ON|USING)\s+(?:ONLY\s+)?\"?([a-z_]+)\b")
PUBLISHED = {"judged_events", "current_verdicts", "judged_credits"} | {
    f"published_{table}"
    for table in (
        "briefs conversions creators credits decisions events moments progress shares touches verdicts viewers"
    ).split()
}
TRIGGERS = {"discovery/tables.py": {"moments"}}
"""Triggers stand on a table, not on a view: by this one who changes a moment need not know of scenes."""


@pytest.fixture(scope="module")
def rooms() -> dict[str, str]:
    """The room of each table."""
    features.load("tables")
    found = {}
    for mapper in Base.registry.mappers:
        table = mapper.local_table
        if table is not None and table.name not in PUBLISHED:
            found[table.name] = mapper.class_.__module__.split(".")[1]
    return found


def named_elsewhere(path: Path, rooms: dict[str, str]) -> set[str]:
    """Tables of other rooms that strings in a file name as SQL does."""
    room = path.relative_to(SOURCES).parts[0]
    text = path.read_text()
    if path.suffix == ".sql":
        strings = [text]
    elif not TABLES.search(text):
        return set()
    else:
        nodes = ast.walk(ast.parse(text))
        strings = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    names = {name for string in strings for name in TABLES.findall(string)}
    return {name for name in names if rooms.get(name, room) != room}


def test_sql_names_tables_of_its_own_room_or_published_views(rooms: dict[str, str]) -> None:
    files = [path for path in SOURCES.rglob("*") if path.suffix in {".py", ".sql"} and MIGRATIONS not in path.parents]
    found = {str(path.relative_to(SOURCES)): named_elsewhere(path, rooms) for path in files}
    strays = {name: tables for name, tables in found.items() if tables - TRIGGERS.get(name, set())}
    assert strays == {}
    for name, tables in TRIGGERS.items():
        assert found[name] == tables, f"{name} names less of other rooms now: say so here"


def test_a_stray_name_is_found(tmp_path: Path, rooms: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.SOURCES", tmp_path)
    stray = tmp_path / "discovery" / "stray.py"
    stray.parent.mkdir()
    stray.write_text(
        'QUERY = """SELECT 1 FROM heat_days h\nLEFT JOIN credits c ON true JOIN published_moments m ON true"""'
    )
    assert named_elsewhere(stray, rooms) == {"credits"}


async def test_the_published_views_are_there(database: Database) -> None:
    async with database.transaction() as session:
        views = set(await session.scalars(text("SELECT viewname FROM pg_views WHERE schemaname = 'public'")))
    assert views == PUBLISHED
