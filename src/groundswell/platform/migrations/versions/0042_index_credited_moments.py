"""Index credited moments.

Not ``CONCURRENTLY``: that waits for every statement that has begun, so also for the servers that wait for their turn to
migrate. A million moments take about a second.

Revision ID: 0042
"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    op.create_index(
        "ix_moments_credited",
        "moments",
        ["viewer_id", "id"],
        unique=False,
        postgresql_where=sa.text("visibility = 'public' AND credit_me AND deleted_at IS NULL"),
    )
