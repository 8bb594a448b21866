"""What sentences mean.

Revision ID: 0057
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0057"
down_revision = "0056"


def upgrade() -> None:
    op.create_table(
        "spoken_meanings",
        sa.Column("title_id", sa.Uuid(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("meaning", postgresql.ARRAY(sa.REAL()), nullable=False),
        sa.ForeignKeyConstraint(["title_id"], ["titles.id"], name=op.f("fk_spoken_meanings_title_id_titles")),
        sa.PrimaryKeyConstraint("title_id", "language", "number", name=op.f("pk_spoken_meanings")),
    )
    op.add_column("spoken_languages", sa.Column("meant", sa.BigInteger(), nullable=True))
