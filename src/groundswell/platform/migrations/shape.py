"""The database's shape, beside the one that the models describe: what is missing, what differs.

Compared are tables, columns (type, whether null), constraints, indexes, triggers, views and functions; of all but
columns, by name. What a database has beyond that is its owner's affair.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import psycopg
from sqlalchemy import MetaData, Table, create_mock_engine
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.ddl import DDLElement

from groundswell.platform.cannot_start import CannotStart

Shape = Mapping[tuple[str, str], str]
"""What there is: (kind, name) → for a column its type, for all else the table that it stands on."""

DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
PREPARER = DIALECT.identifier_preparer
TYPES = {"varchar": "character varying"}
NAMED = re.compile(r"CREATE\s+(?:OR\s+REPLACE\s+)?(FUNCTION|VIEW)\s+(\w+)", re.IGNORECASE)
TRIGGERS = re.compile(
    r"CREATE\s+(?:OR\s+REPLACE\s+)?(?:CONSTRAINT\s+)?TRIGGER\s+(\w+)\s.*?\sON\s+(\w+)", re.IGNORECASE | re.DOTALL
)

ACTUAL = """
    WITH here AS (SELECT current_schema()::regnamespace AS schema)
    SELECT 'table', relname::text, relname::text FROM pg_class
    WHERE relkind IN ('r', 'p') AND relnamespace = (SELECT schema FROM here)
    UNION ALL SELECT 'column', relname || '.' || attname,
        format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' not null' ELSE '' END
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'p') AND relnamespace = (SELECT schema FROM here)
    UNION ALL SELECT 'constraint', relname || '.' || conname, relname
    FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid WHERE connamespace = (SELECT schema FROM here)
    UNION ALL SELECT CASE WHEN indisunique THEN 'unique index' ELSE 'index' END, pg_class.relname, own.relname
    FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid JOIN pg_class own ON own.oid = indrelid
    WHERE pg_class.relnamespace = (SELECT schema FROM here) AND indisvalid
    UNION ALL SELECT 'trigger', relname || '.' || tgname, relname
    FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
    WHERE NOT tgisinternal AND tgenabled <> 'D' AND relnamespace = (SELECT schema FROM here)
    UNION ALL SELECT 'view', relname, relname FROM pg_class
    WHERE relkind = 'v' AND relnamespace = (SELECT schema FROM here)
    UNION ALL SELECT 'function', proname, proname FROM pg_proc WHERE pronamespace = (SELECT schema FROM here)
"""


class WrongShape(CannotStart):
    """The database lacks something without which the service would lose or break what it is given."""

    code = "database_shape"


def check_shape(connection: psycopg.Connection[Any], metadata: MetaData) -> list[str]:
    """Compare the database with ``metadata``; what only makes it slow (a plain index) is returned.

    Raises:
        WrongShape: anything else is missing or differs; every such thing is named.
    """
    found = differences(described(metadata), actual(connection))
    if wrong := [words for kind, words in found if kind != "index"]:
        raise WrongShape(f"the database's tables are not those of this version: {'; '.join(wrong)}")
    return [words for _, words in found]


def differences(expected: Shape, there: Shape) -> list[tuple[str, str]]:
    """(kind, what is missing or differs), tables first. Of a table that is missing, nothing else is named."""
    gone = {name for (kind, name) in expected if kind == "table" and ("table", name) not in there}
    found = [("table", f"table {name} is missing") for name in sorted(gone)]
    for (kind, name), about in sorted((key, about) for key, about in expected.items() if there.get(key) != about):
        stands_on = name.split(".", 1)[0] if kind == "column" else about
        if kind == "table" or stands_on in gone:
            continue
        if (kind, name) not in there:
            found.append((kind, f"{kind} {name} is missing"))
        elif kind == "column":
            found.append((kind, f"column {name} is {there[kind, name]}, not {about}"))
    return found


def actual(connection: psycopg.Connection[Any]) -> Shape:
    """The shape of the connection's schema."""
    return {(kind, name): about for kind, name, about in connection.execute(ACTUAL)}


def described(metadata: MetaData) -> Shape:
    """The shape that creating ``metadata`` would make."""
    return _described(metadata, frozenset(metadata.tables))


@cache
def _described(metadata: MetaData, tables: frozenset[str]) -> Shape:
    shape: dict[tuple[str, str], str] = {}
    for table in metadata.tables.values():
        shape |= _of_table(table)
    for statement in _written_by_hand(metadata):
        shape |= {(kind.lower(), name): name for kind, name in NAMED.findall(statement)}
        shape |= {("trigger", f"{table}.{name}"): table for name, table in TRIGGERS.findall(statement)}
    return shape


def _of_table(table: Table) -> dict[tuple[str, str], str]:
    shape = {("table", table.name): table.name}
    for column in table.columns:
        shape["column", f"{table.name}.{column.name}"] = _type(column.type) + (
            " not null" if not column.nullable else ""
        )
    for constraint in table.constraints:
        if name := PREPARER.format_constraint(constraint):
            shape["constraint", f"{table.name}.{name}"] = table.name
    for index in table.indexes:
        shape["unique index" if index.unique else "index", PREPARER.format_index(index)] = table.name
    return shape


def _type(kind: Any) -> str:
    """A type as PostgreSQL's ``format_type`` writes it."""
    words = kind.compile(DIALECT).lower()
    return re.sub(r"^\w+", lambda first: TYPES.get(first[0], first[0]), words)


def _written_by_hand(metadata: MetaData) -> list[str]:
    """The statements of triggers, functions and views that go with the tables."""
    said: list[str] = []

    def hear(statement: DDLElement, *_: Any, **__: Any) -> None:
        text = getattr(statement, "statement", None)
        if isinstance(text, str):
            said.append(text)

    metadata.create_all(create_mock_engine("postgresql+psycopg://", hear), checkfirst=False)
    return said
