"""Where services say that their titles' media are.

Revision ID: 0034
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.create_table(
        "given_sources",
        sa.Column("title_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("words", sa.String(), nullable=True),
        sa.Column("source_id", sa.Uuid(), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("form IN ('hls', 'dash', 'mp4')", name=op.f("ck_given_sources_form")),
        sa.CheckConstraint("status IN ('waiting', 'used', 'spare', 'refused')", name=op.f("ck_given_sources_status")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_given_sources_source_id_sources")),
        sa.ForeignKeyConstraint(["title_id"], ["titles.id"], name=op.f("fk_given_sources_title_id_titles")),
        sa.PrimaryKeyConstraint("title_id", "number", name=op.f("pk_given_sources")),
    )
    op.create_index(op.f("ix_given_sources_source_id"), "given_sources", ["source_id"])
