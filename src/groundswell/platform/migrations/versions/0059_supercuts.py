"""Supercuts.

Revision ID: 0059
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0059"
down_revision = "0058"


def upgrade() -> None:
    op.create_table(
        "supercuts",
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("recipe_hash", sa.String(length=64), nullable=True),
        sa.Column("progress", sa.BigInteger(), nullable=False),
        sa.Column("left_out", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("duration_us", sa.BigInteger(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("failure_code", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(status = 'failed') = (failure_code IS NOT NULL)", name=op.f("ck_supercuts_failed")),
        sa.CheckConstraint("(status = 'outdated') = (recipe_hash IS NULL)", name=op.f("ck_supercuts_outdated")),
        sa.CheckConstraint("(status = 'ready') = (size_bytes IS NOT NULL)", name=op.f("ck_supercuts_ready")),
        sa.CheckConstraint(
            "status IN ('queued', 'rendering', 'ready', 'failed', 'outdated')", name=op.f("ck_supercuts_status")
        ),
        sa.CheckConstraint("progress BETWEEN 0 AND 1000", name=op.f("ck_supercuts_progress")),
        sa.ForeignKeyConstraint(["asked_by"], ["viewers.id"], name=op.f("fk_supercuts_asked_by_viewers")),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collections.id"], name=op.f("fk_supercuts_collection_id_collections")
        ),
        sa.PrimaryKeyConstraint("collection_id", name=op.f("pk_supercuts")),
    )
    op.create_index("ix_supercuts_asked_by", "supercuts", ["asked_by"], unique=False)
    op.create_index("ix_supercuts_recipe_hash", "supercuts", ["recipe_hash"], unique=False)
    op.create_table(
        "supercut_parts",
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("moment_id", sa.Uuid(), nullable=False),
        sa.Column("recipe_hash", sa.String(length=64), nullable=False),
        sa.Column("begin_us", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["supercuts.collection_id"], name=op.f("fk_supercut_parts_collection_id_supercuts")
        ),
        sa.ForeignKeyConstraint(["moment_id"], ["moments.id"], name=op.f("fk_supercut_parts_moment_id_moments")),
        sa.PrimaryKeyConstraint("collection_id", "place", name=op.f("pk_supercut_parts")),
    )
    op.create_index("ix_supercut_parts_moment", "supercut_parts", ["moment_id"], unique=False)
