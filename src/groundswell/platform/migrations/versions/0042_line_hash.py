"""By which line of a feed a title was said.

Revision ID: 0042
"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    op.add_column("catalog_entries", sa.Column("line_hash", sa.LargeBinary(), nullable=True))
    op.create_index(op.f("ix_catalog_entries_line_hash"), "catalog_entries", ["line_hash"], unique=False)
