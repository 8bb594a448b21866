"""Staff standings.

Revision ID: 0035
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    op.create_table(
        "staff_standings",
        sa.Column("viewer_id", sa.Uuid(), nullable=False),
        sa.Column("said_by", sa.String(), nullable=False),
        sa.Column("roles", sa.ARRAY(sa.String()), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["viewer_id"], ["viewers.id"], name=op.f("fk_staff_standings_viewer_id_viewers")),
        sa.PrimaryKeyConstraint("viewer_id", "said_by", name=op.f("pk_staff_standings")),
    )
    # What is known of those who are signed in; nobody else has the report mailed until they have signed in again.
    op.execute(
        """
        INSERT INTO staff_standings (viewer_id, said_by, roles, said_at)
        SELECT DISTINCT ON (v.id, coalesce(s.provider, v.issuer))
            v.id, coalesce(s.provider, v.issuer), s.roles, s.created_at
        FROM sign_ins s JOIN viewers v ON v.id = s.viewer_id
        WHERE cardinality(s.roles) > 0
        ORDER BY v.id, coalesce(s.provider, v.issuer), s.created_at DESC
        """
    )
