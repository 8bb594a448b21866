"""Partners invited.

Revision ID: 0049
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"


def upgrade() -> None:
    op.create_table(
        "creator_invitations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("viewer_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("invited_by", sa.String(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(status = 'invited') = (answered_at IS NULL)", name=op.f("ck_creator_invitations_answered")
        ),
        sa.CheckConstraint("status IN ('invited', 'accepted', 'declined')", name=op.f("ck_creator_invitations_status")),
        sa.ForeignKeyConstraint(["viewer_id"], ["viewers.id"], name=op.f("fk_creator_invitations_viewer_id_viewers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_creator_invitations")),
        sa.UniqueConstraint("viewer_id", name=op.f("uq_creator_invitations_viewer_id")),
    )
    op.get_bind().connection.cursor().execute(Path(__file__).with_suffix(".sql").read_text())
