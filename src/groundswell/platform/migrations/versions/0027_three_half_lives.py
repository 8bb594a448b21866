"""Scenes ranked by counters of three half-lives, to which each person's vote counts once.

What was counted is counted anew from the log, where the log still has the day: people have weights now.

Revision ID: 0027
"""

from pathlib import Path

from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.get_bind().connection.cursor().execute(Path(__file__).with_suffix(".sql").read_text())
