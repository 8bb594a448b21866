"""Posts on Bluesky.

Revision ID: 0058
"""

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"


def upgrade() -> None:
    op.create_table(
        "bluesky_posts",
        sa.Column("uri", sa.String(), nullable=False),
        sa.Column("moment_id", sa.Uuid(), nullable=False),
        sa.Column("noted_by", sa.String(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["moment_id"], ["moments.id"], name=op.f("fk_bluesky_posts_moment_id_moments")),
        sa.PrimaryKeyConstraint("uri", name=op.f("pk_bluesky_posts")),
    )
    op.create_index(op.f("ix_bluesky_posts_moment_id"), "bluesky_posts", ["moment_id"])
