"""The first shape of every room, and of the job queue.

Revision ID: 0001
"""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None

SQL = Path(__file__).parent


def upgrade() -> None:
    cursor = op.get_bind().connection.cursor()
    for name in ("0001_procrastinate.sql", "0001_groundswell.sql"):
        cursor.execute((SQL / name).read_text())
