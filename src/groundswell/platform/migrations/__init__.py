"""The one history of the database's shape (Alembic), applied at every start.

Revisions go forward only: what a release has changed is changed back by a later revision, or by restoring a backup.
"""

import time
from functools import cache
from pathlib import Path

import psycopg
import structlog
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg.errors import LockNotAvailable
from sqlalchemy.exc import OperationalError

from groundswell.platform.cannot_start import CannotStart, DatabaseUnreachable
from groundswell.platform.database import sqlalchemy_url
from groundswell.platform.locks import Lock, taking

log = structlog.get_logger(__name__)

TRIES = 20
WAIT_S = 2.0


class UnknownRevision(CannotStart):
    """The database has been migrated by a newer version than this one."""

    code = "database_newer"


def migrate(url: str) -> None:
    """Bring the database at ``url`` (libpq form) to the newest revision; quick when it is there already.

    A statement that gets no lock within five seconds gives up, and with it its revision, so that the readers and
    writers that queue behind it go on; the revision is then tried again.

    Raises:
        DatabaseUnreachable: nothing answers there, or not to us.
        UnknownRevision: a newer version has migrated the database.
        OperationalError, LockNotAvailable: the locks were not to be had in some minutes.
    """
    with reached(url) as connection:
        migrate_over(connection, url)


def migrate_over(connection: psycopg.Connection[tuple[object, ...]], url: str) -> None:
    """``migrate``, where there is a connection to ``url``; in autocommit, it keeps the lock of those that migrate."""
    if current_revision(connection) == newest_revision():
        return
    connection.execute(*taking(Lock.MIGRATION))
    ensure_known(current_revision(connection))
    _upgrade(url)


def reached(url: str) -> psycopg.Connection[tuple[object, ...]]:
    """A connection to ``url``, in autocommit.

    Raises:
        DatabaseUnreachable: nothing answers there, or not to us.
    """
    try:
        return psycopg.connect(url, autocommit=True)
    except psycopg.OperationalError as error:
        reason = str(error).split("\n", 1)[0]
        raise DatabaseUnreachable(f"the database cannot be reached: {reason}") from error


def ensure_known(revision: str | None) -> None:
    """Return when this version can go on from ``revision`` (None: an empty database).

    Raises:
        UnknownRevision: it cannot.
    """
    if revision is not None and revision not in revisions():
        raise UnknownRevision(
            f"the database is at revision {revision}, which this version does not know: a newer version has "
            "migrated it. Start that version, or restore a backup from before"
        )


def _upgrade(url: str) -> None:
    for tried in range(TRIES):
        try:
            return command.upgrade(alembic_config(url), "head")
        except (OperationalError, LockNotAvailable) as error:  # a revision may speak to the driver itself
            if not isinstance(getattr(error, "orig", error), LockNotAvailable) or tried == TRIES - 1:
                raise
            log.warning("migration_waits_for_locks", tried=tried + 1)
            time.sleep(WAIT_S)


def current_revision(connection: psycopg.Connection[tuple[object, ...]]) -> str | None:
    """The revision that the database is at; None while it is empty."""
    row = connection.execute("SELECT to_regclass('alembic_version') IS NOT NULL").fetchone()
    if row is None or not row[0]:
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])


@cache
def revisions() -> tuple[str, ...]:
    """Every revision that this version knows, the oldest first."""
    scripts = ScriptDirectory(str(Path(__file__).parent))
    return tuple(reversed([script.revision for script in scripts.walk_revisions()]))


def newest_revision() -> str:
    """The revision that this version of the code is written for."""
    return revisions()[-1]


def alembic_config(url: str) -> Config:
    """Alembic's configuration for the database at ``url`` (libpq form)."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.set_main_option("sqlalchemy.url", sqlalchemy_url(url).replace("%", "%%"))
    return config
