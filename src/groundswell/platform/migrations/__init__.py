"""The one history of the database's shape (Alembic), applied at every start."""

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config

from groundswell.platform.database import sqlalchemy_url

LOCK = 0x67726F756E64  # "ground": held while migrating, so that processes starting together take turns


def migrate(url: str) -> None:
    """Bring the database at ``url`` (libpq form) to the newest revision; quick when it is there already."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        command.upgrade(alembic_config(url), "head")


def alembic_config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("sqlalchemy.url", sqlalchemy_url(url).replace("%", "%%"))
    return config
