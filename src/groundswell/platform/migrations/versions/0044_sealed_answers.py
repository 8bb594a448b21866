"""Answers that hold a secret are stored encrypted; those that were stored until now are let go.

Revision ID: 0044
"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    op.add_column(
        "idempotency_keys", sa.Column("sealed", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.execute(
        "UPDATE idempotency_keys SET body = NULL, media_type = NULL WHERE encode(body, 'escape') ~ '(whsec|gsh|gsk)_'"
    )
