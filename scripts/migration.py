"""``make migration NAME=…``: write the next revision, from what the models say and the migrations have not made yet.

Columns, tables, keys and indexes come from Alembic's comparison, against an embedded database at the newest revision.
What it does not see (checks, functions, views, triggers, the job queue's own migrations) goes into ``.sql`` beside it.
The revision is then tried on that database, and what still differs is named.
"""

import re
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from procrastinate.schema import SchemaManager
from sqlalchemy import create_engine

from groundswell.platform import migrations
from groundswell.platform.database import Base, sqlalchemy_url
from groundswell.platform.embedded import EmbeddedPostgres
from groundswell.platform.migrations import job_queue
from groundswell.web import features

VERSIONS = Path(migrations.__file__).parent / "versions"

BY_HAND = """
    SELECT 1, 'check', c.conrelid::regclass::text, c.conname, pg_get_constraintdef(c.oid), ''
    FROM pg_constraint c WHERE contype = 'c' AND c.connamespace = 'public'::regnamespace
    UNION ALL SELECT 2, 'function', '', proname || '(' || pg_get_function_identity_arguments(oid) || ')',
        pg_get_functiondef(oid), ''
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind IN ('f', 'p')
    UNION ALL SELECT 3, 'view', '', viewname, definition, '' FROM pg_views WHERE schemaname = 'public'
    UNION ALL SELECT 4, 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), tgenabled::text
    FROM pg_trigger WHERE NOT tgisinternal
"""
Part = tuple[int, str, str, str]
"""(order, kind, table, name)"""


def main(name: str) -> int:
    """Write the revision called ``name``; returns the exit code."""
    slug = re.sub(r"\W+", "_", name.strip().lower()).strip("_")
    if not slug:
        print("give the change a name: make migration NAME=add_reactions")
        return 2
    warnings.filterwarnings("ignore", "Did not recognize type 'xid8'")
    features.load("tables")
    with two_databases() as (migrated, described):
        migrations.migrate(migrated)
        describe(described)
        sql = "\n\n".join(queue_sql() + by_hand_sql(migrated, described))
        path = revise(migrated, slug, sql)
        if path is None:
            print("nothing to migrate: the tables are as the revisions leave them")
            return 1
        print(f"wrote {path.relative_to(Path.cwd())}" + (f" and {path.with_suffix('.sql').name}" if sql else ""))
        migrations.revisions.cache_clear()
        migrations.migrate(migrated)
        left = by_hand_sql(migrated, described)
        for statement in left:
            print(f"still differs after it:\n{statement}")
        return 1 if left else 0


@contextmanager
def two_databases() -> Iterator[tuple[str, str]]:
    """The addresses of two empty databases, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="groundswell-") as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres", {"fsync": "off"})
        server.start()
        try:
            with psycopg.connect(server.url(), autocommit=True) as connection:
                for name in ("migrated", "described"):
                    connection.execute(f"CREATE DATABASE {name}")
            yield server.url("migrated"), server.url("described")
        finally:
            server.stop()


def describe(url: str) -> None:
    """Make every table that the models describe, and the job queue's."""
    engine = create_engine(sqlalchemy_url(url))
    with engine.begin() as connection:
        connection.connection.cursor().execute(SchemaManager.get_schema())
        Base.metadata.create_all(connection)
    engine.dispose()


def revise(url: str, slug: str, sql: str) -> Path | None:
    """Write the revision's files; None when there is nothing to write."""
    number = f"{int(migrations.newest_revision()) + 1:04d}"
    config = migrations.alembic_config(url)
    config.attributes.update(metadata=Base.metadata, include_object=is_ours, sql=bool(sql))
    written: list[bool] = []

    def only_if_any(_context: Any, _revision: Any, directives: list[Any]) -> None:
        written.append(bool(sql) or not directives[0].upgrade_ops.is_empty())
        if not written[0]:
            directives.clear()

    words = slug.replace("_", " ").capitalize()
    command.revision(config, words, autogenerate=True, rev_id=number, process_revision_directives=only_if_any)
    if not written[0]:
        return None
    (path,) = VERSIONS.glob(f"{number}_*.py")
    path.write_text(re.sub(r"^ +# ###.*\n", "", path.read_text(), flags=re.MULTILINE))
    subprocess.run(["ruff", "format", "--quiet", str(path)], check=True)  # noqa: S607
    if sql:
        path.with_suffix(".sql").write_text(sql + "\n")
    return path


def is_ours(_item: Any, name: str | None, kind: str, reflected: bool, described: Any) -> bool:
    """Whether Alembic shall compare it: the job queue's tables and the event log's days have no models."""
    return not (
        kind == "table" and reflected and described is None and re.match(r"procrastinate_|events_\d", name or "")
    )


def queue_sql() -> list[str]:
    """The job queue's own migrations that no revision has applied yet."""
    return [f"{job_queue.MARK}{path.name}\n{path.read_text().strip()}" for path in job_queue.pending()]


def by_hand_sql(migrated: str, described: str) -> list[str]:
    """Statements that make the first database's checks, functions, views and triggers those of the second."""
    there, wanted = parts(migrated), parts(described)
    gone = [
        dropped(part) for part in sorted(there.keys() - wanted.keys(), reverse=True) if "procrastinate" not in part[3]
    ]
    made = [
        made_of(part, *wanted[part], replaces=part in there)
        for part in sorted(wanted)
        if there.get(part) != wanted[part] and "procrastinate" not in part[2] + part[3]
    ]
    return gone + made


def parts(url: str) -> dict[Part, tuple[str, str]]:
    """Part → (its definition, how it is enabled)."""
    with psycopg.connect(url) as connection:
        return {row[:4]: row[4:] for row in connection.execute(BY_HAND)}  # type: ignore[misc]


def dropped(part: Part) -> str:
    """The statement that takes ``part`` away."""
    _, kind, table, name = part
    if kind == "check":
        return f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name};"
    return f"DROP {kind.upper()} {name}" + (f" ON {table};" if kind == "trigger" else ";")


def made_of(part: Part, definition: str, enabled: str, *, replaces: bool) -> str:
    """The statement that makes ``part`` as it is described."""
    _, kind, table, name = part
    if kind == "check":
        drop = f"ALTER TABLE {table} DROP CONSTRAINT {name};\n" if replaces else ""
        return f"{drop}ALTER TABLE {table} ADD CONSTRAINT {name} {definition};"
    if kind == "view":
        return f"CREATE OR REPLACE VIEW {name} AS\n{definition}"
    if kind == "function":
        return f"{definition.strip()};"
    always = f"\nALTER TABLE {table} ENABLE ALWAYS TRIGGER {name};" if enabled == "A" else ""
    return definition.replace("CREATE TRIGGER", "CREATE OR REPLACE TRIGGER", 1) + ";" + always


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:])))
