"""What people like.

Revision ID: 0053
"""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"


def upgrade() -> None:
    op.create_table(
        "feed_blends",
        sa.Column("learned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hot", sa.Double(), nullable=False),
        sa.Column("lasting", sa.Double(), nullable=False),
        sa.Column("near", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("learned_at", name=op.f("pk_feed_blends")),
    )
    op.create_table(
        "scene_neighbours",
        sa.Column("scene_id", sa.Uuid(), nullable=False),
        sa.Column("near_id", sa.Uuid(), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("scene_id", "near_id", name=op.f("pk_scene_neighbours")),
    )
