"""What is said is merged into its index at the end of each transaction, no longer sentence by sentence.

Revision ID: 0051
"""

from alembic import op

revision = "0051"
down_revision = "0050"


def upgrade() -> None:
    op.execute("ALTER INDEX ix_spoken_sentences_words SET (fastupdate = on)")
