"""Weekly mail.

Revision ID: 0031
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    op.create_table(
        "weekly_mails",
        sa.Column("viewer_id", sa.Uuid(), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["viewer_id"], ["viewers.id"], name=op.f("fk_weekly_mails_viewer_id_viewers")),
        sa.PrimaryKeyConstraint("viewer_id", "week", name=op.f("pk_weekly_mails")),
    )
    op.create_table(
        "weekly_recipients",
        sa.Column("viewer_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["viewer_id"], ["viewers.id"], name=op.f("fk_weekly_recipients_viewer_id_viewers")),
        sa.PrimaryKeyConstraint("viewer_id", name=op.f("pk_weekly_recipients")),
    )
