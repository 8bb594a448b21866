"""In which encoding a title's subtitles were read, where that was a guess.

Revision ID: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("titles", sa.Column("doubtful_encoding", sa.String(), nullable=True))
