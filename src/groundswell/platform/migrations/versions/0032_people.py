"""Who follows whom, who is kept apart, and reactions.

Revision ID: 0032
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.create_table(
        "barriers",
        sa.Column("viewer_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('block', 'mute')", name=op.f("ck_barriers_kind")),
        sa.CheckConstraint("viewer_id <> other_id", name=op.f("ck_barriers_other")),
        sa.ForeignKeyConstraint(["other_id"], ["viewers.id"], name=op.f("fk_barriers_other_id_viewers")),
        sa.ForeignKeyConstraint(["viewer_id"], ["viewers.id"], name=op.f("fk_barriers_viewer_id_viewers")),
        sa.PrimaryKeyConstraint("viewer_id", "other_id", name=op.f("pk_barriers")),
    )
    op.create_index("ix_barriers_other", "barriers", ["other_id", "kind"], unique=False)
    op.create_table(
        "community_profiles",
        sa.Column("viewer_id", sa.Uuid(), nullable=False),
        sa.Column("approves", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["viewer_id"], ["viewers.id"], name=op.f("fk_community_profiles_viewer_id_viewers")),
        sa.PrimaryKeyConstraint("viewer_id", name=op.f("pk_community_profiles")),
    )
    op.create_table(
        "follows",
        sa.Column("follower_id", sa.Uuid(), nullable=False),
        sa.Column("followed_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("state IN ('following', 'requested')", name=op.f("ck_follows_state")),
        sa.CheckConstraint("follower_id <> followed_id", name=op.f("ck_follows_other")),
        sa.ForeignKeyConstraint(["followed_id"], ["viewers.id"], name=op.f("fk_follows_followed_id_viewers")),
        sa.ForeignKeyConstraint(["follower_id"], ["viewers.id"], name=op.f("fk_follows_follower_id_viewers")),
        sa.PrimaryKeyConstraint("follower_id", "followed_id", name=op.f("pk_follows")),
    )
    op.create_index("ix_follows_followed", "follows", ["followed_id", "state", "created_at"], unique=False)
    op.create_table(
        "reactions",
        sa.Column("moment_id", sa.Uuid(), nullable=False),
        sa.Column("reactor", sa.String(), nullable=False),
        sa.Column("viewer_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("event_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('love', 'laugh', 'wow', 'cry', 'fire', 'star')", name=op.f("ck_reactions_kind")),
        sa.ForeignKeyConstraint(["moment_id"], ["moments.id"], name=op.f("fk_reactions_moment_id_moments")),
        sa.ForeignKeyConstraint(["viewer_id"], ["viewers.id"], name=op.f("fk_reactions_viewer_id_viewers")),
        sa.PrimaryKeyConstraint("moment_id", "reactor", name=op.f("pk_reactions")),
    )
    op.create_index(op.f("ix_reactions_viewer_id"), "reactions", ["viewer_id"], unique=False)
