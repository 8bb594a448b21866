"""Stripe accounts.

Revision ID: 0051
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"


def upgrade() -> None:
    op.create_table(
        "stripe_accounts",
        sa.Column("creator_id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("ready", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["creator_id"], ["creators.id"], name=op.f("fk_stripe_accounts_creator_id_creators")),
        sa.PrimaryKeyConstraint("creator_id", name=op.f("pk_stripe_accounts")),
        sa.UniqueConstraint("account", name=op.f("uq_stripe_accounts_account")),
    )
    op.get_bind().connection.cursor().execute(Path(__file__).with_suffix(".sql").read_text())
