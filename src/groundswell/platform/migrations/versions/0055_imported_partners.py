"""Imported partners.

Revision ID: 0055
"""

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"


def upgrade() -> None:
    op.create_table(
        "imported_partners",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("email_tag", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("creator_id", sa.Uuid(), nullable=True),
        sa.Column("imported_by", sa.String(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "programme IN ('dub', 'rewardful', 'tolt', 'partnerstack')", name=op.f("ck_imported_partners_programme")
        ),
        sa.ForeignKeyConstraint(["creator_id"], ["creators.id"], name=op.f("fk_imported_partners_creator_id_creators")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imported_partners")),
        sa.UniqueConstraint("code", name=op.f("uq_imported_partners_code")),
        sa.UniqueConstraint("programme", "key", name=op.f("uq_imported_partners_programme_key")),
    )
    op.create_index(op.f("ix_imported_partners_creator_id"), "imported_partners", ["creator_id"])
    op.create_index("ix_imported_partners_email_tag", "imported_partners", ["programme", "email_tag"])
    op.create_table(
        "imported_commissions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("sale_minor", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("earned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("state IN ('paid', 'due', 'void')", name=op.f("ck_imported_commissions_state")),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["imported_partners.id"], name=op.f("fk_imported_commissions_partner_id_imported_partners")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imported_commissions")),
        sa.UniqueConstraint("programme", "key", name=op.f("uq_imported_commissions_programme_key")),
    )
    op.create_index(op.f("ix_imported_commissions_partner_id"), "imported_commissions", ["partner_id"])
