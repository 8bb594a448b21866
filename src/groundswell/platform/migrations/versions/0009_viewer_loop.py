"""Where viewers left a title, and which part of a wide picture a clip's upright shapes show.

Revision ID: 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("progress", sa.Column("left_us", sa.BigInteger(), nullable=True))
    op.add_column("renditions", sa.Column("framing", JSONB(), nullable=True))
    op.add_column("moments", sa.Column("framing", JSONB(), nullable=True))
