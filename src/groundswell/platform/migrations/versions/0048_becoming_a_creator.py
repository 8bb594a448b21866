"""Becoming a creator.

Revision ID: 0048
"""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"


def upgrade() -> None:
    op.create_table(
        "creator_terms",
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("published_by", sa.String(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_creator_terms_version")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_creator_terms")),
    )
    op.create_table(
        "creator_agreements",
        sa.Column("viewer_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("agreed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["version"], ["creator_terms.version"], name=op.f("fk_creator_agreements_version_creator_terms")
        ),
        sa.ForeignKeyConstraint(["viewer_id"], ["viewers.id"], name=op.f("fk_creator_agreements_viewer_id_viewers")),
        sa.PrimaryKeyConstraint("viewer_id", "version", name=op.f("pk_creator_agreements")),
    )
    op.create_table(
        "creator_applications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("viewer_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("bio", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("languages", sa.ARRAY(sa.String()), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("status <> 'refused' OR reason <> ''", name=op.f("ck_creator_applications_refused")),
        sa.CheckConstraint(
            "status IN ('waiting', 'accepted', 'refused', 'withdrawn')", name=op.f("ck_creator_applications_status")
        ),
        sa.ForeignKeyConstraint(["viewer_id"], ["viewers.id"], name=op.f("fk_creator_applications_viewer_id_viewers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_creator_applications")),
    )
    op.create_index("ix_creator_applications_queue", "creator_applications", ["status", "id"], unique=False)
    op.create_index(
        "uq_creator_applications_waiting",
        "creator_applications",
        ["viewer_id"],
        unique=True,
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_table(
        "creator_channels",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("creator_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("proof", sa.String(), nullable=False),
        sa.Column("found", sa.String(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["creator_id"], ["creators.id"], name=op.f("fk_creator_channels_creator_id_creators")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_creator_channels")),
        sa.UniqueConstraint("creator_id", "address", name=op.f("uq_creator_channels_creator_id_address")),
    )
