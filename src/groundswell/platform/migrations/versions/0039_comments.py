"""Comments, and reports about them.

Revision ID: 0039
"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    op.create_table(
        "comments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("moment_id", sa.Uuid(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("viewer_id", sa.Uuid(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("same_as", sa.String(), nullable=False),
        sa.Column("spoiler", sa.Boolean(), nullable=False),
        sa.Column("held_for", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_by", sa.String(), nullable=True),
        sa.Column("pinned_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("deleted_by IN ('writer', 'maker')", name=op.f("ck_comments_deleted_by")),
        sa.CheckConstraint("(deleted_at IS NULL) = (deleted_by IS NULL)", name=op.f("ck_comments_deleted")),
        sa.ForeignKeyConstraint(["moment_id"], ["moments.id"], name=op.f("fk_comments_moment_id_moments")),
        sa.ForeignKeyConstraint(["parent_id"], ["comments.id"], name=op.f("fk_comments_parent_id_comments")),
        sa.ForeignKeyConstraint(["viewer_id"], ["viewers.id"], name=op.f("fk_comments_viewer_id_viewers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
    )
    op.create_index(
        "ix_comments_held",
        "comments",
        ["id"],
        unique=False,
        postgresql_where=sa.text("held_for IS NOT NULL AND deleted_at IS NULL"),
    )
    op.create_index(
        "ix_comments_moment",
        "comments",
        ["moment_id", "id"],
        unique=False,
        postgresql_where=sa.text("parent_id IS NULL"),
    )
    op.create_index(
        "ix_comments_parent",
        "comments",
        ["parent_id", "id"],
        unique=False,
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_index("ix_comments_viewer", "comments", ["viewer_id", "id"], unique=False)
    op.create_index(
        "uq_comments_pinned", "comments", ["moment_id"], unique=True, postgresql_where=sa.text("pinned_at IS NOT NULL")
    )
    op.add_column("reports", sa.Column("comment_id", sa.Uuid(), nullable=True))
    op.drop_index(op.f("uq_reports_open"), table_name="reports", postgresql_where="(closed_at IS NULL)")
    op.create_index(
        "uq_reports_open",
        "reports",
        ["moment_id", "comment_id", "reporter"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_reports_comment",
        "reports",
        ["comment_id"],
        unique=False,
        postgresql_where=sa.text("comment_id IS NOT NULL"),
    )
