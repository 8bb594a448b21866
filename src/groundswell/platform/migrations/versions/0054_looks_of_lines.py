"""Looks of lines.

Revision ID: 0054
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0054"
down_revision = "0053"


def upgrade() -> None:
    op.add_column("lines", sa.Column("look", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True))
