"""What is said is merged into its index at the end of each transaction, no longer sentence by sentence.

Revision ID: 0052
"""

from alembic import op

revision = "0052"
down_revision = "0051"


def upgrade() -> None:
    op.execute("ALTER INDEX ix_spoken_sentences_words SET (fastupdate = on)")
