"""What people chose: months closed without a pool, payout thresholds, notifiers' languages.

Revision ID: 0056
"""

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"


def upgrade() -> None:
    op.create_table(
        "payout_thresholds",
        sa.Column("creator_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("least_minor", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("least_minor > 0", name=op.f("ck_payout_thresholds_least")),
        sa.ForeignKeyConstraint(["creator_id"], ["creators.id"], name=op.f("fk_payout_thresholds_creator_id_creators")),
        sa.PrimaryKeyConstraint("creator_id", "currency", name=op.f("pk_payout_thresholds")),
    )
    op.add_column(
        "month_closings", sa.Column("without_pool", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("reports", sa.Column("language", sa.String(length=35), server_default="en", nullable=False))
