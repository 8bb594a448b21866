"""Staff preferences.

Revision ID: 0029
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.create_table(
        "staff_preferences",
        sa.Column("viewer_id", sa.Uuid(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["viewer_id"], ["viewers.id"], name=op.f("fk_staff_preferences_viewer_id_viewers")),
        sa.PrimaryKeyConstraint("viewer_id", name=op.f("pk_staff_preferences")),
    )
