"""Looks of lines.

Revision ID: 0056
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0056"
down_revision = "0053"


def upgrade() -> None:
    op.add_column("lines", sa.Column("look", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True))
