"""Closed months.

Revision ID: 0050
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0050"
down_revision = "0049"


def upgrade() -> None:
    op.create_table(
        "month_closings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("figures", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint("act IN ('close', 'reopen')", name=op.f("ck_month_closings_act")),
        sa.CheckConstraint(
            "outcome <> 'done' OR decided_by <> asked_by AND figures IS NOT NULL",
            name=op.f("ck_month_closings_two_people"),
        ),
        sa.CheckConstraint("outcome IN ('done', 'withdrawn')", name=op.f("ck_month_closings_outcome")),
        sa.CheckConstraint("period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'", name=op.f("ck_month_closings_period")),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_month_closings_reason")),
        sa.CheckConstraint(
            "num_nulls(outcome, decided_by, decided_at) IN (0, 3)", name=op.f("ck_month_closings_decided")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_month_closings")),
    )
    op.create_index(
        "ix_month_closings_done",
        "month_closings",
        ["period", "decided_at"],
        unique=False,
        postgresql_where=sa.text("outcome = 'done'"),
    )
    op.create_index(
        "uq_month_closings_waiting",
        "month_closings",
        ["period"],
        unique=True,
        postgresql_where=sa.text("outcome IS NULL"),
    )
    op.get_bind().connection.cursor().execute(Path(__file__).with_suffix(".sql").read_text())
