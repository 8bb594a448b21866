"""procrastinate's own migrations, followed by our revisions.

procrastinate packages one SQL file a change. ``0001_procrastinate.sql`` is its whole schema up to ``FIRST``; each later
file is copied into the ``.sql`` of a revision (by ``make migration``), under a line that names it.
"""

import re
from pathlib import Path

from procrastinate.schema import SchemaManager

FIRST = "03.04.00_50_post_add_retry_failed_job_procedure.sql"
VERSIONS = Path(__file__).parent / "versions"
MARK = "-- procrastinate: "


def packaged() -> list[Path]:
    """The migrations that the installed procrastinate brings, in the order in which it applies them."""
    return sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))


def followed() -> set[str]:
    """The names of those that our revisions have applied beyond ``FIRST``."""
    text = "\n".join(path.read_text() for path in VERSIONS.glob("*.sql"))
    return set(re.findall(rf"^{MARK}(\S+)$", text, re.MULTILINE))


def pending() -> list[Path]:
    """Those that no revision of ours has applied yet."""
    done = followed()
    return [path for path in packaged() if path.name > FIRST and path.name not in done]
