"""Closed reports.

Revision ID: 0030
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.create_table(
        "closed_reports",
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("figures", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("question", name=op.f("pk_closed_reports")),
    )
    op.create_index(op.f("ix_closed_reports_as_of"), "closed_reports", ["as_of"], unique=False)
