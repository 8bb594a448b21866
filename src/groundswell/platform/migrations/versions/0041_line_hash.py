"""By which line of a feed a title was said.

Revision ID: 0041
"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    op.add_column("catalog_entries", sa.Column("line_hash", sa.LargeBinary(), nullable=True))
    op.create_index(op.f("ix_catalog_entries_line_hash"), "catalog_entries", ["line_hash"], unique=False)
