"""Feed impressions.

Revision ID: 0037
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    op.create_table(
        "feed_impressions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reader", sa.Uuid(), nullable=False),
        sa.Column("viewer_id", sa.Uuid(), nullable=True),
        sa.Column("scene_id", sa.Uuid(), nullable=False),
        sa.Column("title_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('watched', 'continued', 'not_this', 'less_of_title')",
            name=op.f("ck_feed_impressions_outcome"),
        ),
        sa.CheckConstraint("probability > 0 AND probability <= 1", name=op.f("ck_feed_impressions_probability")),
        sa.ForeignKeyConstraint(["title_id"], ["titles.id"], name=op.f("fk_feed_impressions_title_id_titles")),
        sa.ForeignKeyConstraint(["viewer_id"], ["viewers.id"], name=op.f("fk_feed_impressions_viewer_id_viewers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_impressions")),
    )
    op.create_index("ix_feed_impressions_at", "feed_impressions", ["at"], unique=False, postgresql_using="brin")
    op.create_index("ix_feed_impressions_reader", "feed_impressions", ["reader", "at"], unique=False)
    op.create_index("ix_feed_impressions_scene", "feed_impressions", ["scene_id", "at"], unique=False)
    op.create_index("ix_feed_impressions_viewer", "feed_impressions", ["viewer_id"], unique=False)
    op.create_index("ix_scenes_begun", "scenes", [sa.literal_column("begun_at DESC"), "id"], unique=False)
