"""Index credited moments.

Revision ID: 0042
"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_moments_credited",
            "moments",
            ["viewer_id", "id"],
            postgresql_where=sa.text("visibility = 'public' AND credit_me AND deleted_at IS NULL"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )
